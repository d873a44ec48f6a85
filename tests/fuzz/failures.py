"""What differs is kept in a directory: the program, made small, with its seed, its mode, and the difference."""

from __future__ import annotations

from pathlib import Path

import modes
import shrink
from client import ROOT, STOCK_SECONDS, Difference, Interpreters, compare, usable

PROGRAMS = ROOT / "tests" / "behaviour" / "programs"


def difference_of(interpreters: Interpreters, source: str, mode: modes.Mode) -> Difference | None:
    """None also if the program is of no use."""
    stock = interpreters.stock.run(source, seconds=STOCK_SECONDS)
    return compare(stock, mode.run(interpreters, source)) if usable(stock) else None


def keep(interpreters: Interpreters, source: str, directory: Path, seed: int, mode_name: str, difference: Difference, shrinks: bool) -> Path:
    """The path of the small program, in whose comments the difference is."""
    mode = modes.named(mode_name, seed)

    def same_kind(candidate: str) -> bool:
        found = difference_of(interpreters, candidate, mode)
        return found is not None and found.kind == difference.kind

    small = shrink.shrink(source, same_kind) if shrinks else source
    found = difference_of(interpreters, small, mode) or difference
    directory.mkdir(parents=True, exist_ok=True)
    path = directory / f"{seed}-{mode_name}.py"
    options = " ".join(f"-X pyston-{name}={value}" for name, value in mode.options)
    comments = [f"seed {seed}, mode {mode_name}: {options}", *found.text.splitlines()]
    path.write_text("".join(f"# {line}\n" for line in comments) + small)
    (directory / f"{seed}-{mode_name}.full.txt").write_text(source)
    return path


def store(name: str, path: Path) -> Path:
    """Copies a program to the behaviour tests, without its comments."""
    lines = path.read_text().splitlines(keepends=True)
    while lines and lines[0].startswith("#"):
        lines.pop(0)
    stored = PROGRAMS / f"fuzz_{name}.py"
    stored.write_text(f"# Found by the fuzzer: {name.replace('_', ' ')}.\n" + "".join(lines))
    return stored
