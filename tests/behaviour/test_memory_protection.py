"""No page of a process is writable and executable, at any time: looked at from within by a thread, and from without,
all the time that programs run which compile, compile again, free code, start threads and fork."""

from __future__ import annotations

import os
import subprocess
import textwrap
import time
from collections.abc import Iterator

import harness
import pytest

pytestmark = pytest.mark.skipif(bool(harness.PRELOAD), reason="a sanitizer's own mappings")

PRELUDE = """
import gc, os, sys, threading, time
import pyston

def regions():
    with open("/proc/self/maps") as maps:
        return [(line.split()[1], line.split()[-1]) for line in maps]
def wrong_regions():
    return [region for region in regions() if "w" in region[0] and "x" in region[0]]
class Watcher(threading.Thread):
    def run(self):
        self.ended, self.looks, self.wrong = False, 0, []
        while not self.ended:
            self.wrong += wrong_regions()
            self.looks += 1
    def stop(self):
        self.ended = True
        self.join()
        return self.wrong
def make(number):
    namespace = {}
    exec(f'''def f(a, b):
        total = {number}
        for i in range(a):
            total += i * b if i % 2 else i - b
        return total
    ''', namespace)
    return namespace["f"]
def call_all(functions, times, arguments):
    for _ in range(times):
        for f in functions:
            f(*arguments)
watcher = Watcher(daemon=True)
watcher.start()
functions = [make(number) for number in range(40)]
"""

#: Each ends by saying what was seen; `True` that the thing it is about has happened.
PROGRAMS = {
    "compiles": """
        while not all(map(pyston.is_compiled, functions)): # by another thread, maybe: later
            call_all(functions, 60, (5, 2))
        print(watcher.stop(), True)
    """,
    "compiles again": """
        for arguments in ((5, 2), (5, 2.5), (3, 2**70), (4, True)):
            call_all(functions, 60, arguments)
        for f in functions:
            pyston.force_compile(f)
        print(watcher.stop(), pyston.stats()["compilations"] > 1.5 * len(functions))
    """,
    "frees code": """
        for _ in range(6):
            functions = [make(number) for number in range(40)]
            while not all(map(pyston.is_compiled, functions)): # by another thread, maybe: later
                call_all(functions, 40, (5, 2))
            most = pyston.stats()["code_bytes"]
            functions.clear()
            gc.collect()
        print(watcher.stop(), pyston.stats()["code_bytes"] < most)
    """,
    "threads": """
        threads = [threading.Thread(target=call_all, args=(functions, 60, (5, 2))) for _ in range(4)]
        for thread in threads: thread.start()
        for thread in threads: thread.join()
        print(watcher.stop(), True)
    """,
    "fork": """
        statuses = []
        for attempt in range(4):
            call_all(functions[: 10 * attempt], 20, (5, 2))
            child = os.fork()
            if child == 0:
                wrong = wrong_regions()
                call_all(functions, 40, (5, 2.5))
                os._exit(1 if wrong or wrong_regions() else 0)
            statuses.append(os.waitpid(child, 0)[1])
        print(watcher.stop(), statuses == [0] * 4)
    """,
}


def descendants(pid: int) -> Iterator[int]:
    yield pid
    try:
        for task in os.listdir(f"/proc/{pid}/task"):
            with open(f"/proc/{pid}/task/{task}/children") as children:
                for child in children.read().split():
                    yield from descendants(int(child))
    except OSError:
        pass  # it has ended meanwhile


def wrong_regions(pid: int) -> list[str]:
    """Those of a process (from without, so also while it writes code)."""
    try:
        with open(f"/proc/{pid}/maps") as maps:
            return [line for line in maps if {"w", "x"} <= set(line.split()[1])]
    except OSError:
        return []


@pytest.mark.parametrize("mode", ["warm", "thread", "compile-all", "perf-map"])
@pytest.mark.parametrize("name", PROGRAMS)
def test_no_page_is_writable_and_executable(name: str, mode: str):
    options = ["-X", "pyston-perf-map"] if mode == "perf-map" else []
    extra = harness.MODES["warm" if mode == "perf-map" else mode]
    process = subprocess.Popen(
        [harness.PYSTON, *options, "-c", PRELUDE + textwrap.dedent(PROGRAMS[name])],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=harness.environment(extra),
    )  # fmt: skip
    seen: set[str] = set()
    end = time.monotonic() + 60
    while process.poll() is None and time.monotonic() < end:
        for pid in descendants(process.pid):
            seen.update(wrong_regions(pid))
    process.kill()
    stdout, stderr = process.communicate()
    assert (stdout, stderr) == ("[] True\n", "")
    assert not seen


def test_such_a_page_would_be_seen():
    source = """
        import mmap
        page = mmap.mmap(-1, mmap.PAGESIZE, prot=mmap.PROT_READ | mmap.PROT_WRITE | mmap.PROT_EXEC)
        time.sleep(0.1)
        print(len(watcher.stop()) > 0)
    """
    assert harness.run_source(PRELUDE + textwrap.dedent(source)) == "True"

