"""Stands in for pyperf while a program of the pyperformance suite is measured by ``run.py``.

The programs say what to time through ``pyperf.Runner``; here that is timed in this very process, and
reported as one JSON line per benchmark on the descriptor of ``BENCH_REPORT``:
``{"name", "loops", "values": seconds per loop, "cpu": the same, "first", "rss": KiB}``. A command that is to be timed
is only reported, ``{"name", "command"}``.

``BENCH_VALUES``: timed values; ``BENCH_LOOPS``: JSON of loops by name (else found so that a value takes
``BENCH_SECONDS``, and nothing more is measured); ``BENCH_WARMUP``: seconds to run before the first value. Seconds are CPU time
of the main thread, since two processes share a processor while they are compared; ``cpu`` has that of all threads.
"""

import argparse
import asyncio
import json
import os
import time

perf_counter = time.perf_counter = time.thread_time


def python_implementation():
    return "cpython"


class Runner:
    """The part of pyperf.Runner that the suite uses."""

    def __init__(self, add_cmdline_args=None, **_ignored):
        self.metadata = {}
        self.argparser = argparse.ArgumentParser()
        self.args = None
        self._values = int(os.environ.get("BENCH_VALUES", "5"))
        self._seconds = float(os.environ.get("BENCH_SECONDS", "0.15"))
        self._warmup = float(os.environ.get("BENCH_WARMUP", "0.5"))
        self._loops = json.loads(os.environ.get("BENCH_LOOPS", "{}"))

    def parse_args(self, args=None):
        if self.args is None:
            self.args = self.argparser.parse_args(args)
        return self.args

    def bench_time_func(self, name, function, *args, inner_loops=None, **_ignored):
        self.parse_args()
        self._measure(name, lambda loops: function(loops, *args), inner_loops or 1)

    def bench_func(self, name, function, *args, inner_loops=None, **_ignored):
        self.parse_args()

        def timed(loops):
            begin = perf_counter()
            for _ in range(loops):
                function(*args)
            return perf_counter() - begin

        self._measure(name, timed, inner_loops or 1)

    def bench_async_func(self, name, function, *args, inner_loops=None, loop_factory=None, **_ignored):
        self.parse_args()

        async def main(loops):
            begin = perf_counter()
            for _ in range(loops):
                await function(*args)
            return perf_counter() - begin

        def timed(loops):
            if loop_factory is None:
                return asyncio.run(main(loops))
            with asyncio.Runner(loop_factory=loop_factory) as runner:
                return runner.run(main(loops))

        self._measure(name, timed, inner_loops or 1)

    def bench_command(self, name, command):
        self.parse_args()
        _report({"name": name, "command": list(command)})

    def _measure(self, name, timed, inner_loops):
        begin = perf_counter()
        first = timed(1)
        loops = self._loops.get(name)
        if loops is None:
            loops = 1
            spent = first
            while spent < self._seconds * 0.6 and loops < 1 << 24:
                loops *= 2
                spent = timed(loops)
            _report({"name": name, "loops": loops})
            return
        while perf_counter() - begin < self._warmup:
            timed(loops)
        scale = loops * inner_loops
        values, cpu = [], []
        for _ in range(self._values):
            begin = time.process_time()
            values.append(timed(loops) / scale)
            cpu.append((time.process_time() - begin) / scale)
        row = {"name": name, "loops": loops, "values": values, "cpu": cpu, "first": first / inner_loops, "rss": _peak_memory()}
        _report(row)


def _peak_memory():
    """In KiB. (``ru_maxrss`` begins with what the parent had.)"""
    with open("/proc/self/status") as status:
        return next(int(line.split()[1]) for line in status if line.startswith("VmHWM:"))


def _report(line):
    os.write(int(os.environ["BENCH_REPORT"]), json.dumps(line).encode() + b"\n")
