"""Runs a Python program under the stock interpreter and under Pyston, and says how they differ."""

from __future__ import annotations

import difflib
import os
import re
import shlex
import subprocess
import tempfile
import textwrap
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
STOCK = "/usr/bin/python3.11"
VENV = Path(os.environ.get("PYSTON_TEST_VENV", ROOT / ".venv"))
PYSTON = str(VENV / "bin" / "pyston")
PROGRAMS = Path(__file__).resolve().parent / "programs"
DEFAULT_TIMEOUT = 60.0  # seconds
#: How much longer than usual everything takes; slower machines and sanitized builds say so.
SLOWNESS = float(os.environ.get("PYSTON_TEST_SLOWNESS", "1"))

#: Compiled after a few calls, while the others run without the hook.
WARM = {
    "PYSTON_COMPILE_AFTER": "12",
    "PYSTON_LOOP_AFTER": "30",
    "PYSTON_COMPILE_BUDGET": "100",
    "PYSTON_UNHOOK_AFTER": "1",
}

#: Mode -> options, as environment variables so that children of a program get them too.
MODES: dict[str, dict[str, str]] = {
    "default": {},
    "warm": WARM,
    "ticks": WARM | {"PYSTON_STRESS_TICKS": "on"},
    "thread": {
        "PYSTON_COMPILE_AFTER": "6",
        "PYSTON_LOOP_AFTER": "20",
        "PYSTON_COMPILE_BUDGET": "100",
        "PYSTON_COMPILE_THREAD": "on",
        "PYTHONMALLOC": "debug",  # which notices who allocates without the GIL
    },
    "compile-all": {"PYSTON_COMPILE_AFTER": "0"},
    "stress-exits": {"PYSTON_COMPILE_AFTER": "0", "PYSTON_STRESS_EXITS": "20231"},
}

#: Low thresholds for tests of the machinery itself, which must not depend on how they are tuned.
SOON = {"PYSTON_COMPILE_AFTER": "100", "PYSTON_LOOP_AFTER": "300", "PYSTON_COMPILE_BUDGET": "100"}


#: What run_source() puts before its source.
WORK = """
import pyston, sys, gc, types
def work(n):
    total = 0
    for i in range(n):
        total += i
    return total
"""


@dataclass(frozen=True)
class Outcome:
    """What a run left behind. ``status`` is the exit code, or minus the signal, or "timeout"."""

    stdout: str
    stderr: str
    status: int | str


@dataclass(frozen=True)
class Program:
    """A file of programs/, with what its first comment lines ask for.

    ``# args: ...`` interpreter options; ``# stdin: ...`` (with \\n); ``# timeout: SECONDS``;
    ``# modes: a, b`` only these; ``# ignore-stderr: REGEX`` lines that may differ; ``# not-sanitized:
    REASON`` it cannot run with a sanitizer.
    """

    path: Path
    args: tuple[str, ...] = ()
    stdin: str = ""
    timeout: float = DEFAULT_TIMEOUT
    modes: tuple[str, ...] = tuple(MODES)
    ignore_stderr: str = ""
    not_sanitized: bool = False


#: A sanitizer's runtime library, which every process that loads a sanitized build has to be started with; the
#: stock interpreter does without.
PRELOAD = os.environ.get("PYSTON_TEST_PRELOAD", "")


def read_program(path: Path) -> Program:
    fields: dict[str, str] = {}
    for line in path.read_text().splitlines():
        if not line.startswith("#"):
            break
        if found := re.match(r"# (args|stdin|timeout|modes|ignore-stderr|not-sanitized): (.*)", line):
            fields[found[1]] = found[2]
    return Program(
        path,
        args=tuple(shlex.split(fields.get("args", ""))),
        stdin=fields.get("stdin", "").encode().decode("unicode_escape"),
        timeout=float(fields.get("timeout", DEFAULT_TIMEOUT)),
        modes=tuple(mode.strip() for mode in fields.get("modes", ",".join(MODES)).split(",")),
        ignore_stderr=fields.get("ignore-stderr", ""),
        not_sanitized="not-sanitized" in fields,
    )


def all_programs() -> list[Program]:
    programs = [read_program(path) for path in sorted(PROGRAMS.glob("[a-z]*.py"))]
    return [program for program in programs if not (PRELOAD and program.not_sanitized)]


def environment(extra: dict[str, str], preload: str = PRELOAD) -> dict[str, str]:
    """The caller's environment, without what would make runs differ."""
    dropped = ("PYTHON", "PYSTON_", "DISABLE_PYSTON", "COLUMNS", "LINES")
    kept = {key: value for key, value in os.environ.items() if not key.startswith(dropped)}
    if preload:
        kept["LD_PRELOAD"] = preload
    return {
        **kept,
        "PYTHONHASHSEED": "0",
        "PYTHONDONTWRITEBYTECODE": "1",
        "LC_ALL": "C.UTF-8",
        "PATH": "/usr/local/bin:/usr/bin:/bin",
        **extra,
    }


def run(command: list[str], extra: dict[str, str], stdin: str = "", timeout: float = DEFAULT_TIMEOUT) -> Outcome:
    """Run ``command`` in an empty directory of its own, with its own process group."""
    timeout *= SLOWNESS
    with tempfile.TemporaryDirectory(prefix="pyston-test-") as directory:
        process = subprocess.Popen(
            command,
            cwd=directory,
            env=environment({"TEST_DIRECTORY": directory, **extra}, preload="" if command[0] == STOCK else PRELOAD),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            start_new_session=True,
        )
        try:
            stdout, stderr = process.communicate(stdin.encode(), timeout)
            status: int | str = process.returncode
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, 9)
            stdout, stderr = process.communicate()
            status = "timeout"
        def text(raw: bytes) -> str:
            shown = raw.decode(errors="backslashreplace").replace(directory, "<dir>")
            return shown.replace(command[0], "<python>")

        return Outcome(text(stdout), text(stderr), status)


def run_source(source: str, *options: str, env: dict[str, str] | None = None) -> str:
    """stdout of ``source`` under Pyston; it must end well and say nothing on stderr."""
    p = subprocess.run(
        [PYSTON, *options, "-c", WORK + textwrap.dedent(source)],
        capture_output=True, text=True, env=environment(SOON if env is None else env), timeout=DEFAULT_TIMEOUT * SLOWNESS,
    )  # fmt: skip
    assert (p.returncode, p.stderr) == (0, ""), p.stderr
    return p.stdout.strip()


def run_stock(program: Program) -> Outcome:
    return run([STOCK, *program.args, str(program.path)], {}, program.stdin, program.timeout)


def run_pyston(program: Program, mode: str) -> Outcome:
    return run([PYSTON, *program.args, str(program.path)], MODES[mode], program.stdin, program.timeout * 2)


def compare(expected: Outcome, found: Outcome, ignore_stderr: str = "") -> str:
    """Nothing if they agree, else the difference as text."""
    parts = []
    if expected.status != found.status:
        parts.append(f"exit status: stock {expected.status}, pyston {found.status}")
    for name in ("stdout", "stderr"):
        stock, pyston = getattr(expected, name), getattr(found, name)
        if name == "stderr" and ignore_stderr:
            stock, pyston = (
                "\n".join(line for line in text.splitlines() if not re.search(ignore_stderr, line))
                for text in (stock, pyston)
            )
        if stock != pyston:
            lines = list(
                difflib.unified_diff(
                    stock.splitlines(), pyston.splitlines(), f"stock {name}", f"pyston {name}", lineterm="", n=2
                )
            )
            more = [f"... {len(lines) - 80} more lines"] if len(lines) > 80 else []
            parts.append("\n".join(lines[:80] + more))
    return "\n".join(parts)
