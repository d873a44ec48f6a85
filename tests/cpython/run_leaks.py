"""``python -m test -R 3:3`` over test files, under stock and under Pyston: what loses memory only under Pyston?

regrtest counts references for that, which only a debug build of the interpreter does; here it is given the number of
allocated memory blocks instead. A file that loses some under Pyston counts if stock loses none.
"""

from __future__ import annotations

import argparse
import os
import re
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from run_suite import MODES, ROOT, STOCK, bare_installation, read_selection

HUNT = (
    "import runpy, sys; sys.gettotalrefcount = sys.getallocatedblocks; "
    "sys.argv = ['test', '-R', '3:3', *sys.argv[1:]]; runpy.run_module('test', run_name='__main__')"
)


def hunt(python: str, options: dict[str, str], name: str, timeout: float) -> str:
    """What regrtest says of leaks, "time-out", or nothing."""
    kept = {key: value for key, value in os.environ.items() if not key.startswith(("PYTHON", "PYSTON"))}
    with tempfile.TemporaryDirectory(prefix="pyston-leaks-") as directory:
        try:
            p = subprocess.run(
                [python, "-c", HUNT, name], cwd=directory, env=kept | options, text=True, errors="replace",
                stdout=subprocess.PIPE, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL, timeout=timeout,
            )  # fmt: skip
        except subprocess.TimeoutExpired:
            return "time-out"
    return "; ".join(re.findall(r"leaked \[.*", p.stdout)) or ("" if p.returncode == 0 else "failed")


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

    def both(name: str) -> tuple[str, str, str]:
        found = hunt(pyston, MODES[arguments.mode], name, arguments.timeout)
        return name, found, hunt(STOCK, {}, name, arguments.timeout) if found else ""

    worse = 0
    with ThreadPoolExecutor(arguments.jobs) as pool:
        for done, (name, found, stock) in enumerate(pool.map(both, names), 1):
            leaks = bool(found) and not stock
            worse += leaks
            said = f"{'WORSE ' if leaks else ''}{found}{f' (stock: {stock})' if stock else ''}" if found else "nothing"
            print(f"[{done}/{len(names)}] {name}: {said}", flush=True)
    print(f"leaks, {arguments.mode}: {len(names) - worse} passed, {worse} failed")
    return 1 if worse else 0


if __name__ == "__main__":
    sys.exit(main())
