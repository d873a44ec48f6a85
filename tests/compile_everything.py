"""Compile every code object of the standard library and of the installed packages; run none of them.

Says how many were refused (there must be none) and crashed, and the time and size of compiled code: median,
99th percentile, worst. Files are handed to child processes in groups, so that a crash is one group's, and
names the code object.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import warnings
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import CodeType

ROOT = Path(__file__).resolve().parents[1]
ROOTS = ["/usr/lib/python3.11", "/usr/lib/python3/dist-packages"]
GROUP = 60  # files of one process
MEMORY = 4 << 30  # bytes of address space of one process


LEFT_TO_THE_INTERPRETER = {"no entries", "its frame states would be too large"}


def code_objects(code: CodeType) -> Iterator[CodeType]:
    yield code
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from code_objects(constant)


def child(files: list[str]) -> None:
    """Compile the code in ``files``; one JSON line per code object, written before and after."""
    import _pyston

    warnings.simplefilter("ignore")
    if "PYSTON_TEST_PRELOAD" not in os.environ:  # a sanitizer reserves more than there is
        resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    sys.setrecursionlimit(20_000)
    for file in files:
        try:
            top = compile(Path(file).read_bytes(), file, "exec", dont_inherit=True)
        except (SyntaxError, ValueError, UnicodeDecodeError, RecursionError):
            continue  # test data, templates, other versions of Python
        for code in code_objects(top):
            name = f"{file}:{code.co_firstlineno}:{code.co_qualname}"
            print(json.dumps({"start": name}), flush=True)
            good = _pyston.force_compile(code)
            row = _pyston.stats(code) or {}
            print(
                json.dumps(
                    {
                        "name": name,
                        "good": good,
                        "why": row.get("failure", ""),
                        "us": row.get("compile_microseconds", 0),
                        "phases": row.get("phases", {}),
                        "bytes": row.get("code_bytes", 0),
                        "bytecode": len(code.co_code),
                    }
                )
            )


def run_group(pyston: str, files: list[str], timeout: float) -> tuple[list[dict], str]:
    """Rows, and the code object in which the child ended, if it did."""
    # Nothing that the child itself runs is compiled: the times are of these code objects alone.
    environment = os.environ | {"PYSTON_COMPILE_AFTER": "4000000000", "PYSTON_LOOP_ENTRY": "off"}
    if preload := os.environ.get("PYSTON_TEST_PRELOAD"):  # see behaviour/harness.py
        environment["LD_PRELOAD"] = preload
    with tempfile.NamedTemporaryFile("w", suffix=".json") as listed:
        json.dump(files, listed)
        listed.flush()
        try:
            p = subprocess.run(
                [pyston, __file__, "--child", listed.name], env=environment, capture_output=True, text=True, timeout=timeout
            )
            output, status = p.stdout, p.returncode
        except subprocess.TimeoutExpired as error:
            output, status = (error.stdout or b"").decode(), "timeout"
    lines = [json.loads(line) for line in output.splitlines() if line.endswith("}")]
    rows = [line for line in lines if "name" in line]
    last = lines[-1].get("start", "the end of the group") if lines else "the start of the group"
    return rows, "" if status == 0 else f"{last} (status {status})"


def percentile(values: list[int], share: float) -> int:
    return sorted(values)[min(len(values) - 1, int(len(values) * share))]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--pyston", default=str(ROOT / ".venv/bin/pyston"))
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 2)
    parser.add_argument("--every", type=int, default=1, metavar="N", help="only each Nth file")
    parser.add_argument("--timeout", type=float, default=900)
    parser.add_argument("--child", help=argparse.SUPPRESS)
    parser.add_argument("roots", nargs="*", default=ROOTS)
    arguments = parser.parse_args()
    if arguments.child:
        child(json.loads(Path(arguments.child).read_text()))
        return 0
    files = sorted(str(path) for root in arguments.roots for path in ([Path(root)] if root.endswith(".py") else Path(root).rglob("*.py")))
    files = files[:: arguments.every]
    groups = [files[i : i + GROUP] for i in range(0, len(files), GROUP)]
    rows: list[dict] = []
    crashes: list[str] = []
    with ThreadPoolExecutor(arguments.jobs) as pool:
        for found, crash in pool.map(lambda group: run_group(arguments.pyston, group, arguments.timeout), groups):
            rows += found
            if crash:
                crashes.append(crash)
                print(f"CRASH in {crash}", flush=True)
    # By decision, not by inability: nothing to enter (a coroutine or generator that never suspends is made and
    # run by the interpreter), and code whose frame states grow with the square of its length (src/compile.cpp).
    left = [row for row in rows if not row["good"] and row["why"] in LEFT_TO_THE_INTERPRETER]
    for why, count in Counter(row["why"] for row in left).most_common():
        print(f"left to the interpreter {count} times: {why}")
    refused = [row for row in rows if not row["good"] and row["why"] not in LEFT_TO_THE_INTERPRETER]
    good = [row for row in rows if row["good"]]
    for why, count in Counter(row["why"] for row in refused).most_common():
        example = next(row["name"] for row in refused if row["why"] == why)
        print(f"refused {count} times: {why or 'no reason given'}, e.g. {example}")
    for key, unit in (("us", "us"), ("bytes", "bytes")):
        values = [row[key] for row in good]
        if values:
            worst = max(good, key=lambda row: row[key])
            print(
                f"{unit} per code object: median {percentile(values, 0.5)}, 99 % below {percentile(values, 0.99)}, "
                f"worst {worst[key]} ({worst['name']}, {worst['bytecode']} bytes of bytecode)"
            )
    phases = Counter[str]()
    for row in good:
        phases.update(row["phases"])
    total = sum(phases.values()) or 1
    print("compile time by phase: " + ", ".join(f"{name} {100 * us / total:.0f} %" for name, us in phases.items()))
    # Linear time would be the same for all sizes.
    for low, high in ((0, 300), (300, 1_000), (1_000, 3_000), (3_000, 10_000), (10_000, 30_000), (30_000, 10**9)):
        group = [row for row in good if low <= row["bytecode"] < high]
        if group:
            length = sum(row["bytecode"] for row in group)
            print(
                f"  bytecode from {low:>6} bytes: {len(group):>6} code objects, {1000 * sum(row['us'] for row in group) / length:6.0f} ns "
                f"and {sum(row['bytes'] for row in group) / length:5.1f} bytes of machine code per byte; "
                f"longest {max(row['us'] for row in group) / 1000:.1f} ms; "
                + ", ".join(f"{name} {1000 * sum(row['phases'][name] for row in group) / length:.0f}" for name in phases)
            )
    size = sum(row["bytes"] for row in good) / max(1, sum(row["bytecode"] for row in good))
    print(f"machine code: {size:.1f} bytes per byte of bytecode")
    print(f"compile everything: {len(files)} files, {len(rows)} code objects, {len(refused)} refused, {len(crashes)} crashes")
    print(f"{len(good)} passed, {len(refused) + len(crashes)} failed")
    return 1 if refused or crashes else 0


if __name__ == "__main__":
    sys.exit(main())
