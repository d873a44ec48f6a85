"""``make test``: unit tests, IR tests, lint, behaviour tests, random programs, a smoke part of CPython's suite; one summary.

Every part runs, whatever the one before it said. The last line is "N passed, N failed".
"""

from __future__ import annotations

import argparse
import os
import re
import subprocess
import sys
import time
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
STOCK = "/usr/bin/python3.11"


@dataclass
class Part:
    name: str
    passed: int
    failed: int
    seconds: float


def stream(command: Iterable[object], environment: dict[str, str]) -> tuple[int, str]:
    """Run, showing the output as it comes; (exit code, output)."""
    process = subprocess.Popen(
        [str(word) for word in command], cwd=ROOT, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace"
    )
    lines = []
    for line in process.stdout:
        lines.append(line)
        print(line, end="", flush=True)
    return process.wait(), "".join(lines)


def count(text: str, word: str) -> int:
    """The last "N word" of a summary such as pytest's."""
    found = re.findall(rf"(\d+) {word}", text)
    return int(found[-1]) if found else 0


def googletest(text: str) -> tuple[int, int]:
    passed = re.findall(r"\[  PASSED  \] (\d+) test", text)
    failed = re.findall(r"\[  FAILED  \] (\d+) test", text)
    return int(passed[-1]) if passed else 0, int(failed[-1]) if failed else 0


def run_part(name: str, command: list[object], environment: dict[str, str]) -> Part:
    print(f"== {name}", flush=True)
    begin = time.monotonic()
    status, text = stream(command, environment)
    last = text[-3000:]
    if "[==========]" in text:
        passed, failed = googletest(text)
    else:
        passed, failed = count(last, "passed"), count(last, "failed") + count(last, r"errors?\b")
    if status != 0 and failed == 0:
        failed = 1  # it crashed, or says no numbers
    if status == 0 and passed == 0:
        passed = 1
    return Part(name, passed, failed, time.monotonic() - begin)


def environment_pyston() -> Path:
    return Path(os.environ.get("PYSTON_TEST_VENV", ROOT / ".venv")) / "bin" / "pyston"


def sanitizer_libraries(build: Path) -> str:
    """What a process that loads a sanitized library preloads: libstdc++ too, or the sanitizer does not find what
    extension modules throw with."""
    sanitizers = re.search(r"^PYSTON_SANITIZE:\w+=(.*)$", (build / "CMakeCache.txt").read_text(), re.M)
    own = "libtsan.so" if sanitizers and "thread" in sanitizers[1] else "libasan.so"

    def library(name: str) -> str:
        found = subprocess.run(["gcc", f"-print-file-name={name}"], capture_output=True, text=True, check=True)
        return str(Path(found.stdout.strip()).resolve())

    return ":".join(map(library, (own, "libstdc++.so.6")))


def parts(build: Path, preload: str) -> list[tuple[str, list[object]]]:
    """What is run; `preload` names the libraries of the build's sanitizers, if it has any."""
    pytest = [STOCK, "-m", "pytest", "-q", "--no-header", "-p", "no:cacheprovider"]
    listed: list[tuple[str, list[object]]] = []
    if not preload:
        listed.append(("lint", [STOCK, ROOT / "tools" / "lint.py"]))
    listed.append(("unit tests", [build / "pyston_unit_tests", "--gtest_brief=1"]))
    listed.append(("ir tests", [STOCK, ROOT / "tests/ir/run_tests.py", "--opt", build / "pyston-opt"]))
    preloaded = ["/usr/bin/env", f"LD_PRELOAD={preload}"] if preload else []
    listed.append(("helper tests", [*preloaded, *pytest, ROOT / "tests" / "helpers"]))
    listed.append(("behaviour", [*pytest, ROOT / "tests" / "behaviour"]))
    listed.append(("stress", [*pytest, ROOT / "tests" / "stress"]))
    everything = [STOCK, ROOT / "tests/compile_everything.py", "--pyston", environment_pyston(), "--every", "12"]
    listed.append(("compile everything", everything))
    if not preload:
        fuzzer = [STOCK, ROOT / "tests/fuzz/run.py", "--seed", "1", "--programs", "500", "--jobs", os.cpu_count() or 1]
        listed.append(("fuzz", [*fuzzer, "--results", build / "fuzz-test"]))
        suite = [STOCK, ROOT / "tests/cpython/run_suite.py", "--build", build, "--timeout", "120"]
        selection = ROOT / "tests/cpython/smoke.txt"
        listed.append(("cpython smoke", [*suite, "--mode", "default", "--selection", selection]))
        modes = ["--mode", "compile-all", "--mode", "stress"]
        listed.append(("cpython stress", [*suite, *modes, "--selection", selection]))
    return listed


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--build", type=Path, default=ROOT / "build")
    parser.add_argument("--venv", type=Path, default=ROOT / ".venv")
    parser.add_argument("--sanitize", action="store_true", help="the build has sanitizers")
    parser.add_argument("only", nargs="*", help="names of parts")
    arguments = parser.parse_args()
    build = arguments.build.resolve()
    os.environ["PYSTON_TEST_VENV"] = str(arguments.venv.resolve())
    environment = os.environ | {
        "PATH": "/usr/local/bin:/usr/bin:/bin",
        "PYSTON_TEST_BUILD": str(build),
    }
    preload = sanitizer_libraries(build) if arguments.sanitize else ""
    if preload:
        environment |= {
            "PYSTON_TEST_SLOWNESS": "6",
            "PYSTON_TEST_PRELOAD": preload,
            # The interpreter keeps what it allocated; it owns the signals and the alternate stacks.
            "ASAN_OPTIONS": "detect_leaks=0:handle_segv=0:use_sigaltstack=0:allocator_may_return_null=1",
            "UBSAN_OPTIONS": "print_stacktrace=1:halt_on_error=1",
            # A process that forks while it has threads is what is tested, too.
            "TSAN_OPTIONS": "die_after_fork=0:handle_segv=0:use_sigaltstack=0",
        }
    done = [
        run_part(name, command, environment)
        for name, command in parts(build, preload)
        if not arguments.only or name in arguments.only
    ]
    print("\n== summary")
    for part in done:
        print(f"{part.name:<16} {part.passed:>6} passed, {part.failed} failed ({part.seconds:.0f} s)")
    failed = sum(part.failed for part in done)
    print(f"{sum(part.passed for part in done)} passed, {failed} failed", flush=True)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
