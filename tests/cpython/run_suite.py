"""CPython's own test suite (Debian's libpython3.11-testsuite) under Pyston, file by file.

Each test file runs as ``pyston -m test -v FILE`` in a process of its own. A file that does not simply
pass is run under the stock interpreter too (once; kept in build/cpython/stock.json), and only what is
worse under Pyston counts: test cases that fail there and not on stock, crashes, time-outs. Results are
kept per build of Pyston, so that a stopped run goes on where it was.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import re
import signal
import subprocess
import sys
import tempfile
import threading
import time
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import asdict, dataclass, field
from fnmatch import fnmatchcase
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
sys.path.insert(0, str(ROOT / "tests" / "behaviour"))
import harness  # noqa: E402
from harness import STOCK  # noqa: E402

#: Mode -> environment. The modes of DESIGN's fidelity tests.
MODES: dict[str, dict[str, str]] = {
    "stock": {},
    **{name: harness.MODES[name] for name in ("default", "warm", "compile-all", "ticks")},
    "stress": harness.MODES["stress-exits"],
}


#: Test cases left out everywhere, stock too: they wait for what a virtual machine's host may never answer.
IGNORED = ("test.test_socket.ThreadedVSOCKSocketStreamTest.*",)


@dataclass
class Result:
    """One file's run. ``outcome``: passed, failed, skipped, timeout, or crashed."""

    outcome: str
    seconds: float = 0.0
    bad: list[str] = field(default_factory=list)  # "Class.test_method", or "-" for the file itself
    tail: str = ""  # the end of the output, when not passed


def list_all_files() -> list[str]:
    listed = subprocess.run([STOCK, "-m", "test", "--list-tests"], capture_output=True, text=True, check=True)
    return listed.stdout.split()


def read_selection(path: Path) -> list[str]:
    lines = (line.split("#")[0].strip() for line in path.read_text().splitlines())
    return [line for line in lines if line]


def read_exceptions(path: Path = HERE / "exceptions.txt") -> dict[str, set[str]]:
    """Test file -> cases (patterns) that are allowed to fail (see the file for the form)."""
    allowed: dict[str, set[str]] = {}
    for line in path.read_text().splitlines():
        if line.strip() and not line.startswith("#"):
            name, case, _reason = line.split(None, 2)
            allowed.setdefault(name, set()).add(case)
    return allowed


def bare_installation(build: Path) -> Path:
    """bin/pyston outside of any environment: prefix and paths are then those of the stock interpreter."""
    bare = build / "bare"
    subprocess.run(
        [STOCK, "-I", str(ROOT / "packaging" / "install_into_venv.py"), "--build", str(build), "--bare", str(bare)],
        check=True,
    )
    return bare / "bin" / "pyston"


def build_identity(build: Path) -> str:
    library = build / f"_pyston.cpython-311-{os.uname().machine}-linux-gnu.so"
    return hashlib.sha256(library.read_bytes()).hexdigest()[:16]


class Runner:
    """Runs single files. Thread-safe."""

    def __init__(self, build: Path, timeout: float):
        self.timeout = timeout
        self.pyston = bare_installation(build)
        self.directory = build / "cpython"
        self.directory.mkdir(parents=True, exist_ok=True)
        self.lock = threading.Lock()
        self.identity = build_identity(build)
        self.stores: dict[str, dict[str, dict]] = {}

    def _store(self, mode: str) -> dict[str, dict]:
        if mode not in self.stores:
            path = self.directory / f"{mode}.json"
            kept = json.loads(path.read_text()) if path.exists() else {}
            current = "stock" if mode == "stock" else self.identity
            self.stores[mode] = kept["results"] if kept.get("identity") == current else {}
        return self.stores[mode]

    def known(self, mode: str, name: str) -> Result | None:
        with self.lock:
            row = self._store(mode).get(name)
        return Result(**row) if row else None

    def forget(self, mode: str, name: str | None = None) -> None:
        """Forget one file's result, or all."""
        with self.lock:
            if name:
                self._store(mode).pop(name, None)
            else:
                self._store(mode).clear()

    def _keep(self, mode: str, name: str, result: Result) -> None:
        with self.lock:
            store = self._store(mode)
            store[name] = asdict(result)
            identity = "stock" if mode == "stock" else self.identity
            text = json.dumps({"identity": identity, "results": store}, indent=1)
            (self.directory / f"{mode}.json").write_text(text)

    def run(self, mode: str, name: str) -> Result:
        result = self.known(mode, name)
        if result is None:
            result = self._execute(mode, name)
            self._keep(mode, name, result)
        return result

    def _execute(self, mode: str, name: str) -> Result:
        interpreter = STOCK if mode == "stock" else str(self.pyston)
        dropped = ("PYTHON", "PYSTON_", "DISABLE_PYSTON")
        environment = {k: v for k, v in os.environ.items() if not k.startswith(dropped)}
        environment |= MODES[mode] | {"PATH": "/usr/local/bin:/usr/bin:/bin", "LC_ALL": "C.UTF-8"}
        begin = time.monotonic()
        with tempfile.TemporaryDirectory(prefix="pyston-suite-") as directory:
            command = [interpreter, "-m", "test", "-v", f"--timeout={self.timeout * 0.9:.0f}", "--tempdir", directory]
            command += [word for pattern in IGNORED for word in ("-i", pattern)] + [name]
            with tempfile.TemporaryFile() as output:
                process = subprocess.Popen(
                    command, cwd=directory, env=environment, stdin=subprocess.DEVNULL,
                    stdout=output, stderr=subprocess.STDOUT, start_new_session=True,
                )  # fmt: skip
                try:
                    status: int | None = process.wait(self.timeout)
                except subprocess.TimeoutExpired:
                    status = None
                finally:
                    _kill_group(process)
                output.seek(0)
                text = output.read().decode(errors="replace")
        return classify(status, text, time.monotonic() - begin)


def _kill_group(process: subprocess.Popen) -> None:
    """Also what the test left running: it was started in a session of its own."""
    try:
        os.killpg(process.pid, 9)
    except ProcessLookupError:
        pass
    process.wait()


def classify(status: int | None, text: str, seconds: float) -> Result:
    """``status`` is the exit code of regrtest, or None after a time-out."""
    bad = sorted(set(re.findall(r"^(?:FAIL|ERROR): \S+ \((?:[\w.]*?\.)?(\w+\.\w+)\)", text, re.M)))
    tail = text[-6000:]
    if status is None or "Timeout (" in text and status != 0:
        return Result("timeout", seconds, [*bad, "-"], tail)
    if status == 0 or (status == 3 and not bad):  # 3: only the environment was altered
        skipped = re.search(r"^1 test skipped", text, re.M)
        return Result("skipped" if skipped else "passed", seconds)
    if status == 2 or status == 3:
        return Result("failed", seconds, bad or ["-"], tail)
    if "Result: NO TESTS RAN" in text or "No tests ran" in text:
        return Result("skipped", seconds)
    return Result("crashed", seconds, [*bad, "-"], f"exit status {status}\n{tail}")


@dataclass
class Verdict:
    name: str
    mode: str
    result: Result
    worse: list[str]  # cases that fail here, not on stock, and are not excepted
    note: str = ""


def judge(runner: Runner, mode: str, name: str, allowed: set[str]) -> Verdict:
    result = runner.run(mode, name)
    if result.outcome == "passed" or mode == "stock":
        return Verdict(name, mode, result, [])
    stock = runner.run("stock", name)
    if stock.outcome == "skipped" and result.outcome == "skipped":
        return Verdict(name, mode, result, [], "skipped on stock too")
    if result.outcome == "skipped":
        return Verdict(name, mode, result, ["-"], f"skipped, but {stock.outcome} on stock")
    excepted = {case for case in result.bad if any(fnmatchcase(case, pattern) for pattern in allowed) and case != "-"}
    worse = [case for case in result.bad if case not in stock.bad and case not in excepted]
    # A crash or a time-out is never an exception of the list.
    if stock.outcome == "passed" and result.outcome in ("crashed", "timeout") and "-" not in worse:
        worse.append("-")
    note = "as on stock" if stock.outcome != "passed" else "excepted"
    return Verdict(name, mode, result, worse, "" if worse else note)


def run_mode(runner: Runner, mode: str, names: list[str], arguments: argparse.Namespace, deadline: float) -> tuple[int, int, int]:
    """Run ``names`` in ``mode``; (passed, failed, not run)."""
    allowed = read_exceptions()
    if arguments.fresh:
        runner.forget(mode)
    # Longest first, as far as known, so that the workers end together.
    known = {name: r.seconds for name in names for m in (mode, "default", "stock") if (r := runner.known(m, name))}
    order = sorted(names, key=lambda name: -known.get(name, USUAL_SECONDS.get(name, 5)))
    counts = {"passed": 0, "failed": 0, "late": 0}

    def work(name: str) -> Verdict | None:
        if time.monotonic() > deadline and runner.known(mode, name) is None:
            return None
        return judge(runner, mode, name, allowed.get(name, set()))

    again: list[str] = []

    def count(verdict: Verdict | None, done: int) -> None:
        if verdict is None:
            counts["late"] += 1
        else:
            counts["failed" if verdict.worse else "passed"] += 1
            if verdict.worse or verdict.note or arguments.verbose:
                report(verdict, done, len(order), arguments.show)

    with ThreadPoolExecutor(arguments.jobs) as pool:
        futures = [pool.submit(work, name) for name in order]
        for future in as_completed(futures):
            verdict = future.result()
            if verdict and verdict.worse and verdict.name in TIMED and arguments.jobs > 1:
                again.append(verdict.name)
            else:
                count(verdict, sum(counts.values()) + 1)
    for name in again:
        print(f"{mode} {name}: worse beside others, run again alone", flush=True)
        runner.forget(mode, name)
        count(work(name), sum(counts.values()) + 1)
    print(f"cpython suite, {mode}: {counts['passed']} passed, {counts['failed']} failed", end="")
    print(f", {counts['late']} not run (out of time)" if counts["late"] else "", flush=True)
    return counts["passed"], counts["failed"], counts["late"]


#: Files whose cases wait for other processes, or for a time to pass: when one is worse while others run beside
#: it, it is run again alone, and that counts.
TIMED = frozenset({
    "test_asyncio", "test_asynchat", "test_asyncore", "test_concurrent_futures", "test_ftplib", "test_imaplib", "test_multiprocessing_fork",
    "test_multiprocessing_forkserver", "test_multiprocessing_spawn", "test_poll", "test_poplib", "test_sched", "test_selectors",
    "test_smtplib", "test_socket", "test_socketserver", "test_ssl", "test_time", "test_timeout", "test_xmlrpc",
})  # fmt: skip

#: What takes long, for the order of a first run.
USUAL_SECONDS = {
    "test_asyncio": 90, "test_concurrent_futures": 200, "test_multiprocessing_spawn": 150, "test_multiprocessing_fork": 90,
    "test_multiprocessing_forkserver": 150, "test_subprocess": 60, "test_io": 60, "test_tokenize": 60, "test_lib2to3": 60,
    "test_unparse": 60, "test_signal": 50, "test_socket": 60, "test_threading": 30, "test_regrtest": 60, "test_zipfile": 40,
    "test_compileall": 40, "test_distutils": 30, "test_idle": 30, "test_venv": 60, "test_capi": 40, "test_decimal": 40,
    "test_pickle": 40, "test_statistics": 40, "test_logging": 30, "test_ssl": 30, "test_gdb": 60, "test_faulthandler": 40,
}  # fmt: skip


def report(verdict: Verdict, done: int, total: int, show: int) -> None:
    state = "WORSE " if verdict.worse else ""
    cases = ", ".join(verdict.worse or verdict.result.bad)
    line = f"[{done}/{total}] {verdict.mode} {verdict.name}: {state}{verdict.result.outcome} {verdict.note} {cases}"
    print(f"{line.rstrip()} ({verdict.result.seconds:.0f} s)", flush=True)
    if verdict.worse and show:
        print("\n".join("    " + text for text in verdict.result.tail.splitlines()[-show:]), flush=True)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--build", type=Path, default=ROOT / "build")
    parser.add_argument("--mode", action="append", choices=list(MODES), help="default: default; may be repeated")
    parser.add_argument("--selection", type=Path, help="a file with names of test files (default: all)")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 2)
    parser.add_argument("--timeout", type=float, default=600, help="seconds for one file")
    parser.add_argument("--budget", type=float, default=1e9, help="seconds; no file is started after that")
    parser.add_argument("--fresh", action="store_true", help="forget earlier results of this build")
    parser.add_argument("--show", type=int, default=12, help="lines of output shown for a failing file")
    parser.add_argument("--verbose", action="store_true", help="a line for each file that passes, too")
    parser.add_argument("names", nargs="*", help="test files, e.g. test_dict")
    arguments = parser.parse_args()
    # What is started in the background by a shell may ignore it, and so would the test programs.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    names = arguments.names or (read_selection(arguments.selection) if arguments.selection else list_all_files())
    runner = Runner(arguments.build.resolve(), arguments.timeout)
    deadline = time.monotonic() + arguments.budget
    modes = arguments.mode or ["default"]
    totals = [run_mode(runner, mode, names, arguments, deadline) for mode in modes]
    passed, failed, late = (sum(column) for column in zip(*totals))
    if len(modes) > 1:
        print(f"cpython suite: {passed} passed, {failed} failed" + (f", {late} not run" if late else ""))
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
