"""Code that is compiled on a thread of its own, while the program goes on."""

from __future__ import annotations

import harness
import pytest

run = harness.run_source

#: With these everything that is called a few times is compiled there.
THREAD = harness.MODES["thread"]

MANY_FUNCTIONS = """
import os, sys, threading, time
namespace = {}
for number in range(60):
    exec(f'''def f{number}(a, b):
        total = {number}
        for i in range(a):
            total += i * b if i % 2 else i - b
        return total
    ''', namespace)
functions = [namespace[f"f{number}"] for number in range(60)]
def call_all(times):
    return sum(f(3, 2) for _ in range(times) for f in functions)
def all_are_compiled():
    end = time.monotonic() + 30
    while time.monotonic() < end and not all(map(pyston.is_compiled, functions)):
        call_all(3)
    return all(map(pyston.is_compiled, functions))
"""


def test_all_that_is_called_is_compiled_in_the_end():
    source = "print(all_are_compiled(), threading.active_count())"
    assert run(MANY_FUNCTIONS + source, env=THREAD) == "True 1"


def test_perf_map_does_without_the_thread():
    """Its code memory is not executable while it is written to."""
    source = "print(all_are_compiled())"
    assert run(MANY_FUNCTIONS + source, "-X", "pyston-perf-map", env=THREAD) == "True"


def test_loop_that_runs_is_entered_when_it_is_compiled():
    source = """
    def spins():
        end = time.monotonic() + 30
        entered = pyston.stats()["loop_entries"]
        while time.monotonic() < end:
            if pyston.stats()["loop_entries"] > entered:
                return True
        return False
    import time
    print(spins())
    """
    assert run(source, env=THREAD) == "True"


@pytest.mark.parametrize("mode", ["thread", "default"])
def test_children_of_a_process_that_compiles(mode):
    """fork() at any time: the child goes on compiling, what it had begun as well."""
    source = """
for attempt in range(12):
    call_all(attempt % 4)
    child = os.fork()
    if child == 0:
        os._exit(0 if call_all(40) == 40 * call_all(1) and IS_DONE else 1)
    print(os.waitpid(child, 0)[1], end=" ")
print(call_all(40) > 0)
    """
    is_done = "all_are_compiled()" if mode == "thread" else "True"
    source = MANY_FUNCTIONS + source.replace("IS_DONE", is_done)
    assert run(source, env=harness.MODES[mode]) == "0 " * 12 + "True"


@pytest.mark.parametrize("end", ["pass", "sys.exit()", "os._exit(0)", "os.execv(sys.executable, [sys.executable, '-c', ''])"])
def test_program_ends_while_something_is_compiled(end):
    for times in (1, 7, 8, 12):
        assert run(MANY_FUNCTIONS + f"call_all({times})\n{end}", env=THREAD) == ""


def test_forced_compilation_does_not_wait_for_another():
    source = "call_all(6)\nprint(all(pyston.force_compile(f) and pyston.is_compiled(f) for f in functions))"
    assert run(MANY_FUNCTIONS + source, env=THREAD) == "True"


def test_suppressed_while_it_is_compiled():
    source = """
call_all(6)
for f in functions: pyston.suppress(f)
time.sleep(0.2)
call_all(100)
print(any(map(pyston.is_compiled, functions)))
    """
    assert run(MANY_FUNCTIONS + source, env=THREAD) == "False"


def test_other_threads_get_what_was_compiled():
    """The main thread waits for them all the time."""
    source = """
found = []
thread = threading.Thread(target=lambda: found.append(all_are_compiled()))
thread.start()
thread.join()
print(found)
    """
    assert run(MANY_FUNCTIONS + source, env=THREAD) == "[True]"


def test_signals_go_to_the_program():
    source = """
import signal
seen = []
signal.signal(signal.SIGUSR1, lambda *_: seen.append(threading.current_thread() is threading.main_thread()))
for _ in range(50):
    call_all(1)
    os.kill(os.getpid(), signal.SIGUSR1)
call_all(1)
print(len(seen), all(seen))
    """
    assert run(MANY_FUNCTIONS + source, env=THREAD) == "50 True"


def test_traced_thread_is_not_asked_what_only_the_main_thread_can_do():
    """The main thread waits, so it cannot be told of what was compiled: nor may the other one."""
    source = """
def nothing():
    pass
def traced():
    call_all(8)
    sys.settrace(lambda frame, event, argument: None)
    end = time.monotonic() + 0.3
    while time.monotonic() < end:
        nothing()
    sys.settrace(None)
for _ in range(3):
    thread = threading.Thread(target=traced)
    thread.start()
    thread.join()
print("ended")
"""
    assert run(MANY_FUNCTIONS + source, env=THREAD) == "ended"
