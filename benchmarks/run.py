"""``make bench``: the pyperformance programs under stock python3.11 and under Pyston.

Each program runs in processes of its own, the interpreters in turn, the same number of loops; the time of
a benchmark in a process is the median of its values, after a warm-up. A ratio compares two processes that ran
one after the other, since a shared machine is slow for seconds at a time; the median of these ratios is shown.
A benchmark that is itself a command is timed from here, one run of it a process. Environments are of random length, which
moves the stack: the same interpreter was 5 % slower with one length than with another (as in Mytkowicz et al., "Producing
wrong data without doing anything obviously wrong", 2009). A program that may be slower runs four times as often. "best"
compares the shortest times, which say what the machine does where nobody else uses it. Every program that can be imported is in
the table, whatever it says.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import random
import re
import statistics
import subprocess
import sys
import time
import tomllib
from dataclasses import dataclass, field
from pathlib import Path

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


QUIET = {"stdin": subprocess.DEVNULL, "stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}

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


@dataclass
class Measured:
    """The values of one benchmark under the interpreters, in seconds; memory in KiB."""

    values: dict[str, list[list[float]]] = field(default_factory=dict)  # by process
    rss: dict[str, int] = field(default_factory=dict)
    first: dict[str, list[float]] = field(default_factory=dict)  # the first run in each process
    loops: int = 0

    def ratio(self, stock: str, pyston: str) -> float:
        """Of the two interpreters' times: the median over pairs of processes."""
        medians = [[statistics.median(values) for values in self.values[i]] for i in (stock, pyston)]
        return statistics.median(a / b for a, b in zip(*medians, strict=True))

    def first_ratio(self, stock: str, pyston: str) -> float:
        """The same of the first runs."""
        return statistics.median(a / b for a, b in zip(self.first[stock], self.first[pyston], strict=True))

    def best(self, interpreter: str) -> float:
        return min(value for values in self.values[interpreter] for value in values)

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


class Measurer:
    """Runs benchmark processes."""

    def __init__(self, arguments: argparse.Namespace, suite: Path):
        self.arguments = arguments
        packages = suite.parents[2]
        self.variables = {k: v for k, v in os.environ.items() if not k.startswith(("PYTHON", "BENCH_"))} | {
            "PYTHONPATH": f"{ROOT / 'benchmarks' / 'shim'}:{packages}",
            "PYTHONHASHSEED": "0",
            "BENCH_SECONDS": str(arguments.seconds),
            "BENCH_WARMUP": str(arguments.warmup),
            "BENCH_VALUES": str(arguments.values),
        }

    def environment(self) -> dict[str, str]:
        return self.variables | {"BENCH_PADDING": "x" * random.randrange(4096)}

    def time_command(self, command: list[str], cwd: Path) -> tuple[dict, str]:
        """As the report of a process in which it was timed, and what went wrong."""
        begin = time.perf_counter()
        p = subprocess.Popen(command, cwd=cwd, env=self.environment(), **QUIET)
        _, status, usage = os.wait4(p.pid, 0)
        seconds = time.perf_counter() - begin
        p.returncode = os.waitstatus_to_exitcode(status)
        error = f"exit status {p.returncode}" if p.returncode != 0 else ""
        return {"values": [seconds], "first": seconds, "loops": 1, "rss": usage.ru_maxrss}, error

    def run(self, interpreter: str, benchmark: Benchmark, loops: dict[str, int]) -> tuple[list[dict], str]:
        """The reports of one process, and what went wrong."""
        read, write = os.pipe()
        environment = self.environment() | {"BENCH_REPORT": str(write), "BENCH_LOOPS": json.dumps(loops)}
        command = [interpreter, str(benchmark.script), *benchmark.arguments]
        try:
            p = subprocess.run(
                command, cwd=benchmark.script.parent, env=environment, pass_fds=[write],
                stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, timeout=self.arguments.timeout,
            )  # fmt: skip
            error = "" if p.returncode == 0 else (p.stderr.strip().splitlines() or [f"exit status {p.returncode}"])[-1]
        except subprocess.TimeoutExpired:
            error = f"more than {self.arguments.timeout:.0f} s"
        finally:
            os.close(write)
        with os.fdopen(read) as reports:
            return [json.loads(line) for line in reports], error

    def measure(self, benchmark: Benchmark) -> tuple[dict[str, Measured], str]:
        """Name -> values (a script may report several), or why there are none."""
        found: dict[str, Measured] = {}
        loops: dict[str, int] = {}
        commands: dict[str, list[str]] = {}  # by interpreter, if that is what is timed
        pair = [STOCK, self.arguments.pyston]
        rounds = first = self.arguments.rounds
        done = 0
        while done < rounds:
            for interpreter in pair if done % 2 == 0 else reversed(pair):
                if interpreter in commands:
                    report, error = self.time_command(commands[interpreter], benchmark.script.parent)
                    reports = [report | {"name": benchmark.name}]
                else:
                    reports, error = self.run(interpreter, benchmark, loops)
                if error or not reports:
                    who = "stock" if interpreter == STOCK else "PYSTON"
                    return {}, f"{who}: {error or 'reported nothing'}"
                for report in reports:
                    if "command" in report:
                        commands[interpreter] = report["command"]
                        continue
                    row = found.setdefault(report["name"], Measured())
                    row.loops = loops[report["name"]] = report["loops"]
                    row.values.setdefault(interpreter, []).append(report["values"])
                    row.rss[interpreter] = max(row.rss.get(interpreter, 0), report["rss"])
                    row.first.setdefault(interpreter, []).append(report["first"])
            if commands and not found:  # only asked for
                rounds = first = self.arguments.rounds * self.arguments.values
                continue
            done += 1
            # Decided once: to stop at the first good ratio would favour good ones.
            if done == first and any(row.ratio(*pair) < DOUBTFUL for row in found.values()):
                rounds *= MORE
        return found, ""


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
    measurer = Measurer(arguments, suite)
    pyston = arguments.pyston
    print(f"{'benchmark':<34} {'python3.11':>10} {'pyston':>10} {'faster':>7} {'best':>7} {'first':>7} {'memory':>7}")
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
            best = row.best(STOCK) / row.best(pyston)
            grown = row.rss[pyston] / row.rss[STOCK]
            impure = benchmark.name in NOT_PURE_PYTHON
            (others if impure else pure).append(ratio)
            if not impure:
                programs.setdefault(benchmark.script.parent.name, []).append(ratio)
            memory.append(grown)
            medians = [shown(row.time(i)) for i in (STOCK, pyston)]
            mark = "  (not pure Python)" if impure else "  SLOWER" if ratio < SLOWER else ""
            print(f"{name:<34} {medians[0]:>10} {medians[1]:>10} {ratio:>6.2f}x {best:>6.2f}x {first:>6.2f}x {grown:>6.2f}x{mark}", flush=True)
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
