"""Start-up time and memory of an empty program and of a few imports: stock against Pyston, in turn."""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
STOCK = "/usr/bin/python3.11"
PROGRAMS = {
    "pass": "pass",
    "imports": "import asyncio, email, http.client",
    "more imports": "import unittest, decimal, json, logging, argparse, dataclasses, typing, sqlite3",
}


def once(command: list[str]) -> tuple[float, int]:
    """Seconds, and peak memory in KiB."""
    begin = time.perf_counter()
    process = subprocess.Popen(command)
    _, status, usage = os.wait4(process.pid, 0)
    seconds = time.perf_counter() - begin
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise SystemExit(f"{command} ended with {process.returncode}")
    return seconds, usage.ru_maxrss


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--pyston", default=str(ROOT / ".venv/bin/pyston"))
    parser.add_argument("--runs", type=int, default=40)
    arguments = parser.parse_args()
    print(f"{'program':<14} {'python3.11':>11} {'pyston':>11} {'difference':>11} {'memory':>16}")
    for name, source in PROGRAMS.items():
        seen: dict[str, list[tuple[float, int]]] = {STOCK: [], arguments.pyston: []}
        for _ in range(arguments.runs):
            for interpreter, results in seen.items():
                results.append(once([interpreter, "-c", source]))
        times = [statistics.median(seconds for seconds, _ in results) * 1000 for results in seen.values()]
        memory = [statistics.median(rss for _, rss in results) / 1024 for results in seen.values()]
        print(
            f"{name:<14} {times[0]:>8.1f} ms {times[1]:>8.1f} ms {times[1] - times[0]:>+8.1f} ms "
            f"{memory[0]:>5.1f} -> {memory[1]:>4.1f} MiB"
        )


if __name__ == "__main__":
    main()
