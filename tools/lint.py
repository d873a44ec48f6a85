"""Layering, size and format of the sources. Says each finding as FILE:LINE: text; fails if there is one.

The rules are those of the design: what knows a CPython version is under src/cpython/ (the public Python.h
also under src/module/ and src/launcher/), what knows a CPU is under src/cpu/.
"""

from __future__ import annotations

import argparse
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
MAX_LINES = 900
MAX_LINES_OF_A_TEST = 2000  # long lists of small cases
SUFFIXES = {".c", ".cpp", ".h", ".def", ".py"}
# Tables are read by the row, not by the page.
ANY_LENGTH = {".def"}

#: (what, where it is allowed, what is said)
RULES: list[tuple[re.Pattern[str], tuple[str, ...], str]] = [
    (
        re.compile(r'#\s*include\s*[<"](?:internal/|pycore_|opcode\.h|frameobject\.h)'),
        ("src/cpython/",),
        "an internal header of CPython outside src/cpython",
    ),
    (
        re.compile(r'#\s*include\s*[<"](?:Python|structseq|structmember)\.h'),
        ("src/cpython/", "src/module/", "src/launcher/", "tests/"),
        "a header of CPython outside src/cpython and src/module",
    ),
    (re.compile(r"\bPY_VERSION_HEX\b"), ("src/cpython/",), "a version of CPython is asked for outside src/cpython"),
    (re.compile(r'#\s*include\s*[<"]asmjit'), ("src/cpu/", "tests/"), "asmjit outside src/cpu"),
    (
        re.compile(r"\b(?:__x86_64__|__aarch64__|_M_X64|__arm__)\b"),
        ("src/cpu/", "src/cpython/", "tests/"),
        "a CPU is asked for outside src/cpu",
    ),
]


def tracked_files() -> list[Path]:
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard"], cwd=ROOT, capture_output=True, text=True, check=True
    )
    files = (ROOT / line for line in listed.stdout.splitlines())
    return [path for path in files if path.suffix in SUFFIXES and path.is_file()]


def check_file(path: Path) -> Iterator[str]:
    name = path.relative_to(ROOT).as_posix()
    lines = path.read_text().splitlines()
    limit = MAX_LINES_OF_A_TEST if name.startswith("tests/") else MAX_LINES
    if len(lines) > limit and path.suffix not in ANY_LENGTH:
        yield f"{name}:1: {len(lines)} lines (at most {limit})"
    for number, line in enumerate(lines, 1):
        if line != line.rstrip():
            yield f"{name}:{number}: blanks at the end of the line"
        if path.suffix in (".c", ".cpp", ".h", ".def"):
            for pattern, allowed, said in RULES:
                if pattern.search(line) and not name.startswith(allowed):
                    yield f"{name}:{number}: {said}"


def check_format(paths: list[Path], fix: bool) -> Iterator[str]:
    sources = [str(path) for path in paths if path.suffix in (".c", ".cpp", ".h")]
    if not sources:
        return
    mode = ["-i"] if fix else ["--dry-run", "--Werror"]
    found = subprocess.run(["/usr/bin/clang-format", *mode, *sources], capture_output=True, text=True)
    # One finding per file, at the first place: `make format` puts it right.
    places = re.findall(r"^(.+?):(\d+):\d+: (?:error|warning):", found.stderr, re.M)
    first = {name: line for name, line in reversed(places)}
    for name, line in sorted(first.items()):
        yield f"{Path(name).relative_to(ROOT)}:{line}: not formatted (make format)"


def check_exceptions() -> Iterator[str]:
    path = ROOT / "tests" / "cpython" / "exceptions.txt"
    cases = [line for line in path.read_text().splitlines() if line.strip() and not line.startswith("#")]
    if len(cases) > 10:
        yield f"{path.relative_to(ROOT)}:1: {len(cases)} exceptions (at most 10)"
    for line in cases:
        if len(line.split(None, 2)) < 3:
            yield f"{path.relative_to(ROOT)}: no reason given: {line}"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--fix", action="store_true", help="reformat C and C++ files")
    arguments = parser.parse_args()
    files = tracked_files()
    findings = [*(finding for path in files for finding in check_file(path)), *check_exceptions(), *check_format(files, arguments.fix)]
    print("\n".join(findings) if findings else f"lint: {len(files)} files, nothing found")
    if findings:
        print(f"lint: {len(findings)} findings")
    return 1 if findings else 0


if __name__ == "__main__":
    sys.exit(main())
