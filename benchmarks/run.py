"""``make bench``: the pyperformance programs under stock python3.11 and under Pyston.

Each program runs in processes of its own, under both interpreters at once, their main threads on one processor, in turns of 10
milliseconds: while one runs the other is stopped. So a machine that is slow for a while (shared ones are, by half) is so for
both: what is compared is the CPU time of their main threads, for the same number of loops, which is what a clock shows where
nobody else wants the processor. (Compared with itself, two rounds of three values: an interpreter differed by up to 3 % in five
rows, in turns of 50 ms by 5 %, one after the other by more.) The thread on which Pyston compiles where there is a second
processor is in the column "cpu", which has the time of all threads. The time of a benchmark in a process is the median of its
values, after a warm-up; the ratio, the median over the pairs of processes. A benchmark that is itself a command is timed from
here, one run of it a process. Environments are of random length, which moves the stack: the same interpreter was 5 % slower with
one length than with another (as in Mytkowicz et al., "Producing wrong data without doing anything obviously wrong", 2009). A
program that may be slower runs four times as often. Every program that can be imported is in the table, whatever it says.
"""

from __future__ import annotations

import argparse
import contextlib
import functools
import json
import math
import os
import random
import re
import signal
import statistics
import subprocess
import sys
import tempfile
import time
import tomllib
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

ROOT = Path(__file__).resolve().parents[1]
STOCK = "/usr/bin/python3.11"

#: What spends its time in C (or in processes and sleeps), so that a compiler for Python code cannot
#: change it. Measured and shown too, but not in the mean of pure-Python programs.
NOT_PURE_PYTHON = {
    "asyncio_tcp", "asyncio_tcp_ssl", "base64", "concurrent_imap", "gc_collect", "gc_traversal", "json_dumps", "json_loads",
    "pickle", "pickle_dict", "pickle_list", "unpickle", "unpickle_list", "pidigits", "decimal_factorial", "decimal_pi", "telco",
    "python_startup", "python_startup_no_site", "regex_dna", "regex_effbot", "regex_v8", "sqlite_synth", "xml_etree", "coverage",
    "async_tree_io", "async_tree_io_tg", "unpack_sequence_c",
}  # fmt: skip
#: Needs a network, services, or versions of packages that do not exist for 3.11.
LEFT_OUT = {"asyncio_websockets", "dask", "fastapi", "sphinx", "xdsl", "hg_startup", "tornado_http", "dulwich_log"}


#: Seconds for which one of two processes runs.
TURN = 0.01
#: A ratio below this says so.
SLOWER = 0.95
#: Where the first rounds give less than this, so many times as many tell.
DOUBTFUL = 1.02
MORE = 4


@dataclass
class Benchmark:
    """One row of the suite's manifest: a script and its arguments."""

    name: str
    script: Path
    arguments: list[str]


def median_ratio(left: list[list[float]], right: list[list[float]]) -> float:
    medians = [[statistics.median(values) for values in side] for side in (left, right)]
    return statistics.median(a / b for a, b in zip(*medians, strict=True))


@dataclass
class Measured:
    """The values of one benchmark under the interpreters, in seconds; memory in KiB."""

    values: dict[str, list[list[float]]] = field(default_factory=dict)  # by process
    cpu: dict[str, list[list[float]]] = field(default_factory=dict)  # the same, of all threads
    rss: dict[str, int] = field(default_factory=dict)
    first: dict[str, list[float]] = field(default_factory=dict)  # the first run in each process

    def ratio(self, stock: str, pyston: str) -> float:
        """Of the two interpreters' times: the median over pairs of processes."""
        return median_ratio(self.values[stock], self.values[pyston])

    def cpu_ratio(self, stock: str, pyston: str) -> float:
        """The same of all threads' times."""
        return median_ratio(self.cpu[stock], self.cpu[pyston])

    def first_ratio(self, stock: str, pyston: str) -> float:
        """The same of the first runs."""
        return statistics.median(a / b for a, b in zip(self.first[stock], self.first[pyston], strict=True))

    def time(self, interpreter: str) -> float:
        return statistics.median(value for values in self.values[interpreter] for value in values)


def find_suite(venv: Path) -> Path:
    for site in (venv / "lib/python3.11/site-packages", Path("/usr/lib/python3/dist-packages")):
        if (suite := site / "pyperformance/data-files/benchmarks/MANIFEST").exists():
            return suite.parent
    sys.exit("The pyperformance suite is not installed. Install it from PyPI with: make bench-setup")


def read_manifest(suite: Path) -> list[Benchmark]:
    text = (suite / "MANIFEST").read_text().split("[benchmarks]")[1].split("[group")[0]
    found = []
    for name, base in re.findall(r"^(\w+)\t<local(?::(\w+))?>", text, re.M):
        directory = suite / f"bm_{base or name}"
        options = tomllib.loads((directory / (f"bm_{name}.toml" if base else "pyproject.toml")).read_text())
        extra = options.get("tool", {}).get("pyperformance", {}).get("extra_opts", [])
        found.append(Benchmark(name, directory / "run_benchmark.py", extra))
    return found


@dataclass
class Outcome:
    """What one process reported, and what went wrong."""

    reports: list[dict]
    error: str


class Measurer:
    """Runs benchmark processes."""

    def __init__(self, arguments: argparse.Namespace, suite: Path, processors: set[int]):
        self.arguments = arguments
        self.processor = max(processors)
        packages = suite.parents[2]
        self.variables = {k: v for k, v in os.environ.items() if not k.startswith(("PYTHON", "BENCH_"))} | {
            "PYTHONPATH": f"{ROOT / 'benchmarks' / 'shim'}:{packages}",
            "PYTHONHASHSEED": "0",
            "BENCH_SECONDS": str(arguments.seconds),
            "BENCH_WARMUP": str(arguments.warmup),
            "BENCH_VALUES": str(arguments.values),
        }
        if len(processors) > 1:  # it sees one
            self.variables["PYSTON_COMPILE_THREAD"] = "on"

    def environment(self) -> dict[str, str]:
        return self.variables | {"BENCH_PADDING": "x" * random.randrange(4096)}

    def start(self, command: list[str], cwd: Path, **options) -> subprocess.Popen:
        quiet = {"stdin": subprocess.DEVNULL, "stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
        pin = functools.partial(os.sched_setaffinity, 0, {self.processor})
        return subprocess.Popen(command, cwd=cwd, preexec_fn=pin, **{"env": self.environment()} | quiet | options)

    def time_commands(self, commands: list[list[str]], cwd: Path) -> list[Outcome]:
        """Of each, run at once: as the report of a process in which it was timed."""
        processes = [self.start(command, cwd) for command in commands]
        take_turns(processes, time.monotonic() + self.arguments.timeout)
        outcomes = []
        for p in processes:
            os.waitid(os.P_PID, p.pid, os.WEXITED | os.WNOWAIT)
            main_thread = int(Path(f"/proc/{p.pid}/schedstat").read_text().split()[0]) / 1e9
            _, status, usage = os.wait4(p.pid, 0)
            p.returncode = os.waitstatus_to_exitcode(status)
            all_threads = usage.ru_utime + usage.ru_stime
            report = {"values": [main_thread], "cpu": [all_threads], "first": main_thread, "rss": usage.ru_maxrss}
            outcomes.append(Outcome([report], f"exit status {p.returncode}" if p.returncode != 0 else ""))
        return outcomes

    def run(self, interpreters: list[str], benchmark: Benchmark, loops: dict[str, int]) -> list[Outcome]:
        """Of one process of each interpreter, run at once."""
        with contextlib.ExitStack() as stack:
            running = []
            for interpreter in interpreters:
                reports, errors = (stack.enter_context(tempfile.TemporaryFile("w+")) for _ in range(2))
                environment = self.environment() | {"BENCH_REPORT": str(reports.fileno()), "BENCH_LOOPS": json.dumps(loops)}
                command = [interpreter, str(benchmark.script), *benchmark.arguments]
                p = self.start(command, benchmark.script.parent, env=environment, pass_fds=[reports.fileno()], stderr=errors)
                running.append((p, reports, errors))
            in_time = take_turns([p for p, _, _ in running], time.monotonic() + self.arguments.timeout)
            return [self.finish(*process, in_time) for process in running]

    def finish(self, p: subprocess.Popen, reports: IO[str], errors: IO[str], in_time: bool) -> Outcome:
        p.wait()
        if not in_time:
            return Outcome([], f"more than {self.arguments.timeout:.0f} s")
        for file in (reports, errors):
            file.seek(0)
        error = "" if p.returncode == 0 else (errors.read().strip().splitlines() or [f"exit status {p.returncode}"])[-1]
        return Outcome([json.loads(line) for line in reports], error)

    def measure(self, benchmark: Benchmark) -> tuple[dict[str, Measured], str]:
        """Name -> values (a script may report several), or why there are none."""
        found: dict[str, Measured] = {}
        pair = [STOCK, self.arguments.pyston]
        # First of all, how many loops, and whether a command is to be timed.
        asked = self.run(pair, benchmark, {})
        if error := what_failed(asked):
            return {}, error
        loops = {report["name"]: report["loops"] for report in asked[0].reports if "loops" in report}
        commands = [report["command"] for outcome in asked for report in outcome.reports if "command" in report]
        rounds = first = self.arguments.rounds * (self.arguments.values if commands else 1)
        done = 0
        while done < rounds:
            outcomes = self.time_commands(commands, benchmark.script.parent) if commands else self.run(pair, benchmark, loops)
            if error := what_failed(outcomes):
                return {}, error
            for interpreter, outcome in zip(pair, outcomes, strict=True):
                for report in outcome.reports:
                    row = found.setdefault(report.get("name", benchmark.name), Measured())
                    row.values.setdefault(interpreter, []).append(report["values"])
                    row.cpu.setdefault(interpreter, []).append(report["cpu"])
                    row.rss[interpreter] = max(row.rss.get(interpreter, 0), report["rss"])
                    row.first.setdefault(interpreter, []).append(report["first"])
            done += 1
            # Decided once: to stop at the first good ratio would favour good ones.
            if done == first and any(row.ratio(*pair) < DOUBTFUL for row in found.values()):
                rounds *= MORE
        return found, ""


def has_ended(p: subprocess.Popen) -> bool:
    """(Who waits for it is left to find out.)"""
    return os.waitid(os.P_PID, p.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None


def let_threads_go(pid: int, processors: set[int]) -> None:
    """The process's threads but the main one run on these, if there are some."""
    with contextlib.suppress(OSError):  # what has ended
        for thread in map(int, os.listdir(f"/proc/{pid}/task")):
            if thread != pid and processors:
                os.sched_setaffinity(thread, processors)


def take_turns(processes: list[subprocess.Popen], end: float) -> bool:
    """Until all have ended. Those that have not by ``end``, in time.monotonic(), are killed: then False."""
    in_time = True
    others = os.sched_getaffinity(0) - os.sched_getaffinity(processes[0].pid)
    # (Not by p.send_signal(), which reaps what has ended.)
    for p in processes:
        os.kill(p.pid, signal.SIGSTOP)
    while running := [p for p in processes if not has_ended(p)]:
        for p in running:
            in_time = time.monotonic() < end
            os.kill(p.pid, signal.SIGCONT if in_time else signal.SIGKILL)
            turn = time.monotonic() + TURN
            while time.monotonic() < turn and not has_ended(p):
                let_threads_go(p.pid, others)
                time.sleep(0.002)
            os.kill(p.pid, signal.SIGSTOP)
    return in_time


def what_failed(outcomes: list[Outcome]) -> str:
    for who, outcome in zip(("stock", "PYSTON"), outcomes, strict=True):
        if outcome.error or not outcome.reports:
            return f"{who}: {outcome.error or 'reported nothing'}"
    return ""


def geometric_mean(ratios: list[float]) -> float:
    return math.exp(statistics.fmean(map(math.log, ratios))) if ratios else math.nan


def shown(seconds: float) -> str:
    for unit, scale in (("s", 1), ("ms", 1e3), ("us", 1e6)):
        if seconds * scale >= 1:
            return f"{seconds * scale:.3g} {unit}"
    return f"{seconds * 1e9:.3g} ns"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--pyston", default=str(ROOT / ".venv/bin/pyston"))
    parser.add_argument("--suite-venv", type=Path, default=ROOT / "build/bench-venv")
    parser.add_argument("--rounds", type=int, default=3, help="processes per interpreter (four times as many where it may be slower)")
    parser.add_argument("--values", type=int, default=5, help="values per process")
    parser.add_argument("--seconds", type=float, default=0.15, help="of one value, about")
    parser.add_argument("--warmup", type=float, default=0.7, help="seconds in each process before the first value")
    parser.add_argument("--timeout", type=float, default=300)
    parser.add_argument("--json", type=Path, default=ROOT / "build/bench.json", help="where all values go")
    parser.add_argument("names", nargs="*", help="benchmarks (default: all)")
    arguments = parser.parse_args()
    suite = find_suite(arguments.suite_venv.resolve())
    measurer = Measurer(arguments, suite, os.sched_getaffinity(0))
    pyston = arguments.pyston
    print(f"{'benchmark':<34} {'python3.11':>10} {'pyston':>10} {'faster':>7} {'cpu':>7} {'first':>7} {'memory':>7}")
    pure, others, memory, missing, kept = [], [], [], [], {}
    programs: dict[str, list[float]] = {}  # a program's script may be several benchmarks (async_tree: 16)
    wrong = 0
    for benchmark in read_manifest(suite):
        if arguments.names and benchmark.name not in arguments.names:
            continue
        if benchmark.name in LEFT_OUT and not arguments.names:
            missing.append(f"{benchmark.name}: left out")
            continue
        found, error = measurer.measure(benchmark)
        if error:
            missing.append(f"{benchmark.name}: {error}")
            wrong += error.startswith("PYSTON")
            continue
        for name, row in found.items():
            # "first" compares one run in a cold process: what warm-up costs.
            ratio, first = row.ratio(STOCK, pyston), row.first_ratio(STOCK, pyston)
            cpu = row.cpu_ratio(STOCK, pyston)
            grown = row.rss[pyston] / row.rss[STOCK]
            impure = benchmark.name in NOT_PURE_PYTHON
            (others if impure else pure).append(ratio)
            if not impure:
                programs.setdefault(benchmark.script.parent.name, []).append(ratio)
            memory.append(grown)
            medians = [shown(row.time(i)) for i in (STOCK, pyston)]
            mark = "  (not pure Python)" if impure else "  SLOWER" if ratio < SLOWER else ""
            print(f"{name:<34} {medians[0]:>10} {medians[1]:>10} {ratio:>6.2f}x {cpu:>6.2f}x {first:>6.2f}x {grown:>6.2f}x{mark}", flush=True)
            kept[name] = {"stock": row.values[STOCK], "pyston": row.values[pyston], "rss": list(row.rss.values()), "pure": not impure}
    print(f"\ngeometric mean, {len(pure)} pure-Python benchmarks: {geometric_mean(pure):.3f}x", end="")
    print(f" (slowest {min(pure, default=math.nan):.2f}x, fastest {max(pure, default=math.nan):.2f}x)")
    by_program = [geometric_mean(ratios) for ratios in programs.values()]
    print(f"the same, each of the {len(programs)} programs counted once: {geometric_mean(by_program):.3f}x")
    print(f"geometric mean, all {len(pure + others)}: {geometric_mean(pure + others):.3f}x")
    print(f"peak memory, geometric mean: {geometric_mean(memory):.3f}x")
    if missing:
        print("not measured:\n  " + "\n  ".join(missing))
    arguments.json.parent.mkdir(exist_ok=True)
    arguments.json.write_text(json.dumps(kept, indent=1))
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
