"""``python -m test -R`` over test files, under stock and under Pyston: what loses more memory under Pyston?

regrtest counts references for that, which only a debug build of the interpreter does; here it counts memory blocks
(``_hunt_leaks.py``). A file counts that loses more of them in each repetition than it does under stock.
"""

from __future__ import annotations

import argparse
import os
import re
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from run_suite import HERE, MODES, ROOT, STOCK, bare_installation, read_exceptions, read_selection

HUNT = HERE / "_hunt_leaks.py"

#: Warm-up and tracked repetitions. A file that loses blocks in each tracked one is run again with more, since what is
#: compiled, or seen for the first time, keeps blocks too, but not in each repetition for ever. (With 64 repetitions
#: stock itself crashes in test_generators and test_coroutines.)
ROUNDS = ("3:3", "10:10", "40:10")


@dataclass
class Finding:
    """What regrtest says. ``lost``: blocks that each tracked repetition loses at least; 0 if it did not get so far."""

    text: str  # nothing, if all is well
    lost: int = 0


def hunt(python: str, options: dict[str, str], name: str, rounds: str, timeout: float) -> Finding:
    """Runs a file once, without the cases that may fail."""
    left_out = [part for case in sorted(read_exceptions().get(name, ())) for part in ("-i", f"*{case}")]
    kept = {key: value for key, value in os.environ.items() if not key.startswith(("PYTHON", "PYSTON"))}
    with tempfile.TemporaryDirectory(prefix="pyston-leaks-") as directory:
        try:
            p = subprocess.run(
                [python, str(HUNT), rounds, *left_out, name], cwd=directory, env=kept | options, text=True, errors="replace",
                stdout=subprocess.PIPE, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL, timeout=timeout,
            )  # fmt: skip
        except subprocess.TimeoutExpired:
            return Finding("time-out")
    leaks = re.findall(r"leaked \[(.*?)\] (memory blocks|file descriptors)", p.stdout)
    if leaks:
        text = "; ".join(f"{what} [{deltas}]" for deltas, what in leaks)
        return Finding(text, max(min(map(int, deltas.split(","))) for deltas, _what in leaks))
    return Finding("" if p.returncode == 0 else "failed")


def compare(pyston: str, options: dict[str, str], name: str, timeout: float) -> tuple[Finding, Finding]:
    """What there is to say of a file under Pyston, and then under stock."""
    found = stock = Finding("")
    for rounds in ROUNDS:
        now = hunt(pyston, options, name, rounds, timeout)
        if not now.text:
            return now, now
        stock_now = hunt(STOCK, {}, name, rounds, timeout)
        if found.lost and not now.lost and stock_now.text:
            break  # with so many repetitions stock gets to no end either: what the fewer said stands
        found, stock = now, stock_now
        if not is_worse(found, stock):
            break
    return found, stock


def is_worse(found: Finding, stock: Finding) -> bool:
    """Does Pyston lose more than stock does, or not get to an end where stock does?"""
    if found.lost:
        return found.lost > stock.lost
    return bool(found.text) and not stock.text


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("names", nargs="*", help="test files (default: the core)")
    parser.add_argument("--build", type=Path, default=ROOT / "build")
    parser.add_argument("--mode", choices=sorted(set(MODES) - {"stock"}), default="compile-all")
    parser.add_argument("--selection", type=Path, default=ROOT / "tests/cpython/core.txt")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--timeout", type=float, default=600)
    arguments = parser.parse_args()
    names = arguments.names or read_selection(arguments.selection)
    pyston = str(bare_installation(arguments.build))

    def both(name: str) -> tuple[str, Finding, Finding]:
        return name, *compare(pyston, MODES[arguments.mode], name, arguments.timeout)

    worse = 0
    with ThreadPoolExecutor(arguments.jobs) as pool:
        for done, (name, found, stock) in enumerate(pool.map(both, names), 1):
            leaks = is_worse(found, stock)
            worse += leaks
            said = f"{'WORSE ' if leaks else ''}{found.text or 'nothing'}"
            print(f"[{done}/{len(names)}] {name}: {said}{f' (stock: {stock.text})' if stock.text else ''}", flush=True)
    print(f"leaks, {arguments.mode}: {len(names) - worse} passed, {worse} failed")
    return 1 if worse else 0


if __name__ == "__main__":
    sys.exit(main())
