"""Runs each subject again and again while something else goes on; all results must be those of the interpreter.

Arguments: the rounds, each with fresh subjects; what goes on: ``nothing``, ``signals`` (an interval timer at 1 kHz),
``subinterpreters`` (made and ended meanwhile), ``forks`` (a child runs the subjects too), ``greenlets`` (another one at
each call); and how many times each subject runs in a round (default: 30).
"""

from __future__ import annotations

import gc
import os
import signal
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pyston
from _driver import differs, expected, fresh_subjects

#: What goes on between the runs of a round, given the subjects and what they are to give; what it returns failed.
Between = Callable[[dict[str, Callable[[], object]], dict[str, str]], int]


def run_all(subjects: dict[str, Callable[[], object]], wanted: dict[str, str], where: str) -> int:
    return sum(differs(name, function(), wanted[name], where) for name, function in subjects.items())


@contextmanager
def signals() -> Iterator[Between]:
    seen = 0

    def handler(number, frame):
        nonlocal seen
        seen += 1
        assert frame.f_code.co_name  # (f_locals would keep what it shows alive)

    signal.signal(signal.SIGALRM, handler)
    signal.setitimer(signal.ITIMER_REAL, 0.001, 0.001)
    began = time.monotonic()
    yield lambda subjects, wanted: 0
    signal.setitimer(signal.ITIMER_REAL, 0)
    elapsed = time.monotonic() - began
    print(f"{seen} signals in {elapsed:.1f} s")
    assert seen > 20 * elapsed, "hardly any signal was handled"


@contextmanager
def subinterpreters() -> Iterator[Between]:
    import _xxsubinterpreters as interpreters

    def between(subjects, wanted):
        made = interpreters.create()
        interpreters.run_string(made, "x = sum(i * i for i in range(100))\nassert x == 328350")
        interpreters.destroy(made)
        return 0

    yield between


@contextmanager
def forks() -> Iterator[Between]:
    def between(subjects, wanted):
        child = os.fork()
        if child == 0:
            failed = 1
            try:
                failed = run_all(fresh_subjects(), wanted, "in a child")
                failed += run_all(subjects, wanted, "in a child")
            finally:
                sys.stdout.flush()
                os._exit(min(failed, 100))
        return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) != 0

    yield between


@contextmanager
def greenlets() -> Iterator[Between]:
    """Each subject runs in a greenlet of its own, and each call of a Python function goes on in the next of them."""
    import greenlet

    ring: list[greenlet.greenlet] = []

    def next_greenlet():
        current = greenlet.getcurrent()
        if current in ring and len(ring) > 1:
            ring[(ring.index(current) + 1) % len(ring)].switch()

    switching = [(name, fresh_subjects(next_greenlet)[name]) for name in fresh_subjects()]

    def between(subjects, wanted):
        failed = 0

        def run(name, function):
            nonlocal failed
            for _ in range(3):
                failed += differs(name, function(), wanted[name], "among greenlets")
            me = ring.index(greenlet.getcurrent())
            following = ring[(me + 1) % len(ring)]
            del ring[me]
            following.parent = main
            if following is not greenlet.getcurrent():
                following.switch()

        main = greenlet.getcurrent()
        ring[:] = [greenlet.greenlet(lambda n=name, f=function: run(n, f)) for name, function in switching]
        while ring:
            ring[0].switch()
        return failed

    yield between


@contextmanager
def nothing() -> Iterator[Between]:
    yield lambda subjects, wanted: 0


KINDS = {each.__name__: each for each in (nothing, signals, subinterpreters, forks, greenlets)}


def main() -> int:
    runs, kind = int(sys.argv[1]), sys.argv[2]
    times = int(sys.argv[3]) if len(sys.argv) > 3 else 30
    wanted = expected()
    failures = 0
    gc.freeze()  # collections look at what the subjects make
    with KINDS[kind]() as between:
        for _ in range(runs):
            subjects = fresh_subjects()
            for _ in range(times):
                failures += run_all(subjects, wanted, kind)
            failures += between(subjects, wanted)
    stats = pyston.stats()
    print(f"{runs} runs with {kind}: {failures} differences; {stats['compilations']} compilations, {stats['refused']} refused")
    return 1 if failures or stats["compilations"] + stats["refused"] == 0 else 0


if __name__ == "__main__":
    sys.exit(main())
