"""``make fuzz-ir``: the compiler's own inputs under libFuzzer, AddressSanitizer and UBSan.

HIR text goes through parser, verifier, passes, lowering, register allocation with its checker, and emission for
both CPUs; LIR text from its parser on (tests/unit/compile_text.h says what has to hold). An input for which
it does not is left in ``BUILD/found-hir`` or ``-lir``; made smaller, it belongs into ``tests/fuzz_ir/corpus``, where the unit
tests run it.

Usage: run.py [--build DIR] [--seconds N] [hir|lir] [--minimize FILE]
"""

from __future__ import annotations

import argparse
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
CORPUS = Path(__file__).resolve().parent / "corpus"
#: Per input: more would be an explosion.
SECONDS_PER_INPUT = 20
MEGABYTES = 2048


def hir_texts() -> Iterator[str]:
    """Both functions of each IR test."""
    for test in sorted((ROOT / "tests" / "ir").rglob("*.hir")):
        yield from test.read_text().split("---\n")


def lir_texts() -> Iterator[str]:
    """The functions in the tests of LIR and the emitters."""
    for test in sorted((ROOT / "tests" / "unit").glob("*_test.cpp")):
        yield from re.findall(r'R"\(\s*(function ".*?)\)"', test.read_text(), re.S)


def write_seeds(kind: str, folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    texts = hir_texts() if kind == "hir" else lir_texts()
    for number, text in enumerate(texts):
        lines = [line for line in text.splitlines(True) if not line.startswith(";")]
        (folder / f"seed-{number}").write_text("".join(lines))


def environment() -> dict[str, str]:
    return os.environ | {
        "ASAN_OPTIONS": "detect_leaks=0:allocator_may_return_null=0:detect_stack_use_after_return=0",
        "UBSAN_OPTIONS": "print_stacktrace=1:halt_on_error=1",
        "ASAN_SYMBOLIZER_PATH": shutil.which("llvm-symbolizer") or "",
    }


def fuzz(kind: str, build: Path, seconds: int) -> int:
    """Run one fuzzer; its exit status."""
    seeds, grown, found = (build / f"{name}-{kind}" for name in ("seeds", "corpus", "found"))
    write_seeds(kind, seeds)
    for folder in (grown, found):
        folder.mkdir(parents=True, exist_ok=True)
    command = [
        build / f"pyston_fuzz_{kind}",
        f"-max_total_time={seconds}",
        f"-timeout={SECONDS_PER_INPUT}",
        f"-rss_limit_mb={MEGABYTES}",
        f"-artifact_prefix={found}/",
        "-max_len=12000",
        "-len_control=20",
        "-print_final_stats=1",
        grown,
        seeds,
        CORPUS / kind,
    ]
    return subprocess.run(command, env=environment(), check=False).returncode


def minimize(kind: str, build: Path, path: Path) -> int:
    """Take lines away from an input as long as it fails in the same way; written beside it."""
    fuzzer = build / f"pyston_fuzz_{kind}"

    def failure(lines: list[str]) -> str:
        trial = path.with_suffix(".trial")
        trial.write_text("".join(lines))
        command = [fuzzer, f"-timeout={SECONDS_PER_INPUT}", trial]
        done = subprocess.run(command, env=environment(), capture_output=True, text=True, errors="replace", check=False)
        trial.unlink()
        if done.returncode == 0:
            return ""
        said = re.findall(r"^broken: [a-zA-Z ]+|runtime error: .*|Assertion `.*' failed|ERROR: \S+: [-\w]+", done.stderr, re.M)
        return said[0] if said else "failed"

    lines = path.read_text(errors="replace").splitlines(True)
    wanted = failure(lines)
    print(wanted or "does not fail")
    step = max(1, len(lines) // 2)
    while wanted and step:
        begin = 0
        while begin < len(lines):
            fewer = lines[:begin] + lines[begin + step :]
            if failure(fewer) == wanted:
                lines = fewer
            else:
                begin += step
        step //= 2
    small = path.with_suffix(".small")
    small.write_text("".join(lines))
    print(f"{small}: {len(lines)} lines")
    return 0 if wanted else 1


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("kinds", nargs="*", choices=["hir", "lir", []], default=[])
    parser.add_argument("--build", type=Path, default=ROOT / "build-fuzz")
    parser.add_argument("--seconds", type=int, default=300, help="for each kind of input")
    parser.add_argument("--minimize", type=Path, metavar="FILE")
    arguments = parser.parse_args()
    kinds = arguments.kinds or ["hir", "lir"]
    if arguments.minimize:
        return minimize(kinds[0], arguments.build, arguments.minimize)
    return max(fuzz(kind, arguments.build, arguments.seconds) for kind in kinds)


if __name__ == "__main__":
    sys.exit(main())
