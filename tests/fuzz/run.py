"""The differential fuzzer: random programs, which must do the same under Pyston as under the stock interpreter.

    tests/fuzz/run.py --minutes 10                    programs from where the last run ended
    tests/fuzz/run.py --seed 1 --programs 2000        these
    tests/fuzz/run.py --show 123                      the program of a seed
    tests/fuzz/run.py --check FILE [--mode NAME]      one program from a file, in all modes
    tests/fuzz/run.py --store NAME FILE               makes it a behaviour test

What differs is made small, and left in build/fuzz/failures/.
"""

from __future__ import annotations

import argparse
import multiprocessing
import sys
import time
import traceback
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from multiprocessing.queues import Queue
from pathlib import Path

import coverage
import failures
import modes
import program
from client import ROOT, STOCK_SECONDS, Difference, Interpreters, compare, usable

RESULTS = ROOT / "build" / "fuzz"


@dataclass(frozen=True)
class Found:
    """A program that differs in a mode."""

    seed: int
    mode: str
    difference: Difference
    path: Path | None = None


@dataclass(frozen=True)
class Report:
    """About one program. ``unusable``: why it was not compared."""

    seed: int
    found: tuple[Found, ...] = ()
    unusable: str = ""
    coverage: tuple[dict[str, dict[str, int]], ...] = ()


def check(interpreters: Interpreters, source: str, seed: int, which: list[modes.Mode], covers: bool = False) -> Report:
    """Run ``source`` in all these modes."""
    stock = interpreters.stock.run(source, seconds=STOCK_SECONDS)
    if not usable(stock):
        return Report(seed, unusable=f"status {stock.status}" if stock.status != 0 else "memory")
    found, covered = [], []
    for mode in which:
        answer = mode.run(interpreters, source, covers)
        if answer.coverage is not None:
            covered.append(answer.coverage)
        if difference := compare(stock, answer):
            found.append(Found(seed, mode.name, difference))
    return Report(seed, tuple(found), coverage=tuple(covered))


def work(seeds: Iterator[int], end: float, reports: Queue[Report | str], arguments: argparse.Namespace) -> None:
    """The work of one process: each seed until there are no more, or the time is over."""
    interpreters = Interpreters()
    try:
        for seed in seeds:
            if time.monotonic() > end:
                break
            source = program.generate(seed)
            report = check(interpreters, source, seed, modes.modes(seed), arguments.coverage)
            if report.found:
                first = report.found[0]
                path = failures.keep(
                    interpreters, source, arguments.results / "failures", seed, first.mode, first.difference, not arguments.no_shrink
                )
                report = Report(seed, (Found(seed, first.mode, first.difference, path), *report.found[1:]))
            reports.put(report)
    except BaseException:
        reports.put(traceback.format_exc())
    finally:
        interpreters.stop()
        reports.put("")


class Summary:
    """Counts what the workers report."""

    def __init__(self, first: int) -> None:
        self.begin = time.monotonic()
        self.programs = 0
        self.unusable: Counter[str] = Counter()
        self.found: list[Found] = []
        self.covered: dict[str, Counter[str]] = {}
        self.last = first - 1
        self.said = self.begin

    def add(self, report: Report) -> None:
        self.programs += 1
        self.last = max(self.last, report.seed)
        if report.unusable:
            self.unusable[report.unusable] += 1
        for found in report.found:
            print(f"seed {found.seed} differs in {found.mode} ({found.difference.kind}) {found.path or ''}", flush=True)
        self.found += report.found
        for covered in report.coverage:
            for group, counts in covered.items():
                self.covered.setdefault(group, Counter()).update(counts)
        if time.monotonic() - self.said > 30:
            self.said = time.monotonic()
            print(f"  {self.line()}", flush=True)

    def line(self) -> str:
        seconds = time.monotonic() - self.begin
        failed = len({found.seed for found in self.found})
        unusable = ", ".join(f"{count} {why}" for why, count in self.unusable.most_common())
        return (
            f"{self.programs} programs in {seconds:.0f} s ({60 * self.programs / seconds:.0f} a minute), up to seed {self.last}; "
            f"{failed} differ; not compared: {unusable or 'none'}"
        )


def run(arguments: argparse.Namespace) -> Summary:
    end = time.monotonic() + 60 * arguments.minutes if arguments.minutes else float("inf")
    last = arguments.seed + arguments.programs if arguments.programs else sys.maxsize
    reports: Queue[Report | str] = multiprocessing.Queue()
    workers = [
        multiprocessing.Process(target=work, args=(iter(range(arguments.seed + i, last, arguments.jobs)), end, reports, arguments))
        for i in range(arguments.jobs)
    ]
    for worker in workers:
        worker.start()
    summary = Summary(arguments.seed)
    left = len(workers)
    try:
        while left:
            report = reports.get()
            if isinstance(report, Report):
                summary.add(report)
            else:
                left -= not report
                print(report, end="")
    except KeyboardInterrupt:
        pass
    finally:
        for worker in workers:
            worker.terminate()
    return summary


def summarize(summary: Summary, results: Path) -> int:
    for kind, count in Counter(f"{found.mode}: {found.difference.kind}" for found in summary.found).most_common():
        print(f"  {count} differ in {kind}")
    results.mkdir(parents=True, exist_ok=True)
    (results / "next-seed").write_text(f"{summary.last + 1}\n")
    print(summary.line())
    failed = len({found.seed for found in summary.found})
    print(f"{summary.programs - failed} passed, {failed} failed")
    return 1 if failed or summary.programs == 0 else 0


def check_file(path: Path, seed: int, mode: str) -> int:
    interpreters = Interpreters()
    which = [modes.named(mode, seed)] if mode else modes.every(seed)
    report = check(interpreters, path.read_text(), seed, which)
    interpreters.stop()
    for found in report.found:
        print(f"== {found.mode}: {found.difference.kind}\n{found.difference.text}")
    print(report.unusable or f"{len(report.found)} of {len(which)} modes differ")
    return 1 if report.found or report.unusable else 0


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--programs", type=int, default=0, help="how many (0: any number)")
    parser.add_argument("--minutes", type=float, default=0, help="how long (0: any time)")
    parser.add_argument("--seed", type=int, default=None, help="the first program's; the others' follow it")
    parser.add_argument("--resume", action="store_true", help="go on where the last run ended (as without --seed)")
    parser.add_argument("--jobs", type=int, default=1, help="processes")
    parser.add_argument("--results", type=Path, default=RESULTS, help="where failures are kept, and the next seed")
    parser.add_argument("--no-shrink", action="store_true", help="keep what differs as it is")
    parser.add_argument("--coverage", action="store_true", help="say what of the compiler the programs did not use")
    parser.add_argument("--mode", default="", help="with --check: only this one")
    parser.add_argument("--show", type=int, metavar="SEED", help="print the program of a seed")
    parser.add_argument("--check", type=Path, metavar="FILE", help="run the program in this file")
    parser.add_argument("--store", nargs=2, metavar=("NAME", "FILE"), help="make a program a behaviour test")
    arguments = parser.parse_args()
    if arguments.show is not None:
        print(program.generate(arguments.show), end="")
        return 0
    if arguments.store:
        print(failures.store(arguments.store[0], Path(arguments.store[1])))
        return 0
    if arguments.check:
        return check_file(arguments.check, arguments.seed or 0, arguments.mode)
    if arguments.seed is None:
        ended = arguments.results / "next-seed"
        arguments.seed = int(ended.read_text()) if ended.exists() else 0
    if not arguments.programs and not arguments.minutes:
        arguments.minutes = 2
    summary = run(arguments)
    if arguments.coverage:
        print(coverage.report(summary.covered))
    return summarize(summary, arguments.results)


if __name__ == "__main__":
    sys.exit(main())
