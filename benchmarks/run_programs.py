"""``make run``: real programs under stock python3.11 and under Pyston, side by side.

Each program runs as a process of its own, the two interpreters in turn; the time is the best of the
rounds, start-up included.
"""

from __future__ import annotations

import argparse
import math
import os
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
STOCK = "/usr/bin/python3.11"


def timed(interpreter: str, program: Path) -> tuple[float, tuple[int, bytes, bytes]]:
    environment = {k: v for k, v in os.environ.items() if not k.startswith("PYTHON")} | {"PYTHONHASHSEED": "0"}
    begin = time.perf_counter()
    p = subprocess.run([interpreter, str(program)], capture_output=True, env=environment, timeout=600)
    return time.perf_counter() - begin, (p.returncode, p.stdout, p.stderr)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--pyston", default=str(ROOT / ".venv" / "bin" / "pyston"))
    parser.add_argument("names", nargs="*", help="programs (default: all)")
    arguments = parser.parse_args()
    programs = [p for p in sorted((ROOT / "benchmarks" / "programs").glob("*.py")) if not arguments.names or p.stem in arguments.names]
    print(f"{'program':<16} {'python3.11':>11} {'pyston':>9} {'ratio':>7}   what it is")
    ratios, all_same = [], True
    for program in programs:
        best = {STOCK: math.inf, arguments.pyston: math.inf}
        outputs = set()
        for _ in range(arguments.rounds):
            for interpreter in best:
                seconds, output = timed(interpreter, program)
                best[interpreter] = min(best[interpreter], seconds)
                outputs.add(output)
        ratio = best[STOCK] / best[arguments.pyston]
        ratios.append(ratio)
        same = len(outputs) == 1 and next(iter(outputs))[0] == 0
        all_same &= same
        title = program.read_text().split('"""')[1].split(":")[0].rstrip(".")
        state = "output identical" if same else "OUTPUT DIFFERS"
        print(f"{program.stem:<16} {best[STOCK]:>9.2f} s {best[arguments.pyston]:>7.2f} s {ratio:>6.2f}x   {state}  ({title})", flush=True)
    mean = math.exp(sum(map(math.log, ratios)) / len(ratios))
    print(f"{'geometric mean':<16} {'':>11} {'':>9} {mean:>6.2f}x   {len(ratios)} programs")
    return 0 if all_same else 1


if __name__ == "__main__":
    sys.exit(main())
