#!/usr/bin/env python3
"""Pass tests: IR text before and after.

Each ``tests/ir/<pass>/*.hir`` file holds, in this order: comment lines starting with ``;`` of which one
is ``; run: PASS[,PASS...]``; a function in text form; a line of ``---``; the function expected after
those passes.

Usage: run_tests.py [--opt PATH] [--bless] [file or folder ...]
"""

from __future__ import annotations

import argparse
import difflib
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
SEPARATOR = "---\n"


def find_tests(paths: list[Path]) -> list[Path]:
    """All test files under the given files and folders, sorted."""
    found: list[Path] = []
    for path in paths:
        found += sorted(path.rglob("*.hir")) if path.is_dir() else [path]
    return found


def run_test(opt: Path, test: Path, bless: bool) -> str:
    """Run one test.

    Args:
        opt: the pyston-opt binary.
        test: the test file.
        bless: write what the passes produce into the file as its expectation.

    Returns:
        An empty string when it passes, else what is wrong.
    """
    text = test.read_text()
    source, _, expected = text.partition(SEPARATOR)
    passes = [
        line.split(":", 1)[1].strip()
        for line in source.splitlines()
        if line.startswith("; run:")
    ]
    if len(passes) != 1:
        return "needs exactly one '; run:' line"
    result = subprocess.run(
        [str(opt), f"--passes={passes[0]}", "-"],
        input=source,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    if result.returncode != 0:
        return result.stderr.strip() or f"exit status {result.returncode}"
    if bless:
        test.write_text(source + SEPARATOR + result.stdout)
        return ""
    if result.stdout == expected:
        return ""
    diff = difflib.unified_diff(
        expected.splitlines(True), result.stdout.splitlines(True), "expected", "actual"
    )
    return "".join(diff).rstrip()


def main() -> int:
    """Entry point; the exit status is 1 when a test fails."""
    parser = argparse.ArgumentParser(description="Run the IR pass tests.")
    parser.add_argument("--opt", type=Path, default=HERE.parents[1] / "build" / "pyston-opt")
    parser.add_argument("--bless", action="store_true", help="rewrite the expectations")
    parser.add_argument("paths", type=Path, nargs="*", default=[HERE])
    args = parser.parse_args()
    failures = 0
    tests = find_tests(args.paths)
    for test in tests:
        problem = run_test(args.opt, test, args.bless)
        if problem:
            failures += 1
            print(f"FAIL {test}\n{problem}\n")
    print(f"{len(tests) - failures} of {len(tests)} passed")
    return 1 if failures or not tests else 0


if __name__ == "__main__":
    sys.exit(main())
