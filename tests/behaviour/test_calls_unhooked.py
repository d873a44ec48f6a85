"""Calls without the frame evaluation hook, by what the package `pyston` tells of them."""

from __future__ import annotations

import harness
import pytest

run = harness.run_source

UNHOOKED = {"PYSTON_COMPILE_AFTER": "100", "PYSTON_UNHOOK_AFTER": "20", "PYSTON_COMPILE_BUDGET": "100"}


def test_cold_calls_run_without_the_hook_and_enter_compiled_code():
    source = """
    def leaf(n):
        return n + 1
    def cold(n):
        return leaf(n) + leaf(n)
    def before():
        s = pyston.stats()
        return s["unhooked_calls"], s["inlined_entries"]
    pyston.force_compile(leaf)
    start = before()
    for i in range(90):
        cold(i)
    end = before()
    print(end[0] - start[0] > 50, end[1] - start[1] > 100, pyston.is_compiled(cold))
    """
    assert run(source, env=UNHOOKED) == "True True False"
    assert run(source, env=UNHOOKED | {"PYSTON_UNHOOK_AFTER": "0"}) == "False False False"


def test_what_is_hot_below_cold_calls_is_found():
    """Most calls are out of the hook's sight; those that it sees count for the others."""
    source = """
    def leaf(n):
        return n + 1
    def cold(n):
        for _ in range(4): leaf(n)
        pyston.suppress(cold)
    for i in range(200):
        cold(i)
    print(pyston.is_compiled(leaf), pyston.is_compiled(cold))
    """
    assert run(source, env=UNHOOKED) == "True False"


@pytest.mark.parametrize("what", ["pyston.disable()", "pyston.disable(); pyston.enable()", "pyston.enable()"])
def test_switching_while_there_is_no_hook(what):
    source = f"""
    def leaf(n):
        return n + 1
    def loop(n):
        total = 0
        for k in range(n):
            total += leaf(k)
        return total
    def cold(n):
        if n == 60:
            {what}
            loop(5000)
        return leaf(n) + leaf(n) + loop(3)
    print(sum(cold(i) for i in range(90)), loop(20000), pyston.is_enabled())
    print(sum(cold(i) for i in range(90)), loop(20000))
    """
    enabled = what != "pyston.disable()"
    assert run(source, env=UNHOOKED) == f"8730 200010000 {enabled}\n8730 200010000"


#: Nothing is compiled but what the program forces.
COLD = {"PYSTON_COMPILE_AFTER": "1000000", "PYSTON_LOOP_AFTER": "1000000", "PYSTON_UNHOOK_AFTER": "1"}


@pytest.mark.parametrize("callee", ["leaf", "types.FunctionType(leaf.__code__, globals())"], ids=["function", "new-function"])
def test_entering_that_was_refused_is_tried_again(callee):
    """A stack was too deep to be searched for activations that stand in what is to be overwritten."""
    source = f"""
    import time
    sys.setrecursionlimit(5000)
    def leaf(n):
        m = n + 1
        return m
    def deep(n, value):
        return deep(n - 1, value) if n else leaf(value)
    def cold(n):
        return ({callee})(n)
    def so_far():
        return pyston.stats()["inlined_entries"]
    # In a module, which does not itself run without the hook.
    calls = "while time.monotonic() < end and so_far() - before < 1000:\\n  for i in range(1000): cold(i)"
    def entries(seconds):
        before = so_far()
        exec(calls, globals() | dict(before=before, end=time.monotonic() + seconds))
        return so_far() - before >= 1000
    print(entries(0.1))
    pyston.force_compile(leaf)
    print(entries(5))
    deep(1500, 1.5)  # compiled code is left, and goes on in what was overwritten
    print(entries(5))
    """
    assert run(source, env=COLD).split() == ["False", "True", "True"]


def test_forks():
    """The child's life may go on in the call in which the parent was, or in a thread that was started there."""
    source = """
    import os, threading
    def hot(n):
        total = 0
        for k in range(n):
            total += work(3)
        return total
    def child():
        if os.fork() != 0:
            os.wait()
            return
        before = pyston.stats()
        hot(5000)
        hot(5000)
        after = pyston.stats()
        print([after[key] > before[key] for key in ("interpreted_calls", "compilations")], flush=True)
        os._exit(0)
    def thread():
        started = threading.Thread(target=child)
        started.start()
        started.join()
    def forks(n):
        if n in (40, 41):
            child()
        if n in (50, 51):
            thread()
        return n
    def cold(n):
        return forks(n)
    for i in range(60):
        cold(i)
    """
    assert run(source, env=UNHOOKED).splitlines() == ["[True, True]"] * 4


def test_long_call_is_interrupted():
    """What calls much that is cheap calls something that takes long. Several times, since a sample might see it.

    Where compiling takes longer it has to be saved up for, in a program that has become no slower by as much.
    """
    source = f"""
    rounds = {round(4 * harness.SLOWNESS)}
    FUNCTIONS = '''
    def heavy(n):
        total = 0.0
        for i in range(n):
            total += i * 0.5
        return total
    def cheap(n):
        return n + 1
    def call(function, *args):
        return function(*args)
    '''
    for turn in range(5):
        space = {{}}
        exec(FUNCTIONS, space)
        heavy, cheap, call = space["heavy"], space["cheap"], space["call"]
        for i in range(150):
            call(cheap, i)
        for _ in range(rounds):
            call(heavy, 2_000_000)
            for i in range(300):
                call(cheap, i)
        print(pyston.is_compiled(heavy))
    """
    assert run(source, env={}).split() == ["True"] * 5


def test_function_that_is_called_once_is_adopted_in_its_loop():
    """Its call is inlined by the interpreter, out of the hook's sight; also where an exception leaves the loop."""
    source = """
    def once(n):
        i = 0
        try:
            while True:
                i += 1
                if i == n:
                    raise ValueError(i)
        except ValueError as error:
            return error.args
    def call(function, *args):
        return function(*args)
    for i in range(100):
        call(abs, i)
    print(call(once, 20_000_000), pyston.is_compiled(once), pyston.stats()["adopted_frames"] > 0)
    """
    assert run(source, env={}) == "(20000000,) True True"


#: Programs that switch between greenlets.
greenlets = pytest.mark.skipif(bool(harness.PRELOAD), reason="AddressSanitizer does not know that stacks are copied")


@greenlets
def test_loop_is_watched_after_a_switch_below_it():
    source = """
    import greenlet
    main = greenlet.getcurrent()
    def echo():
        while True:
            main.switch()
    other = greenlet.greenlet(echo)
    def switches():
        other.switch()
    def cold():
        switches()
    def loop(n):
        for i in range(n):
            if i < 100:
                cold()
    loop(100_000)
    print(pyston.is_compiled(loop))
    """
    assert run(source, env=UNHOOKED | {"PYSTON_LOOP_AFTER": "3000"}) == "True"


@greenlets
def test_disabling_holds_where_the_stack_is_low():
    """The hook is away there, and would come back later. (Stacks that greenlets copy cannot be continued elsewhere.)"""
    source = """
    import ctypes, greenlet
    sys.setrecursionlimit(100_000)
    current, function = ctypes.pythonapi.PyInterpreterState_Get, ctypes.pythonapi._PyInterpreterState_GetEvalFrameFunc
    current.restype = function.restype = ctypes.c_void_p
    default = ctypes.cast(ctypes.pythonapi._PyEval_EvalFrameDefault, ctypes.c_void_p).value
    def hooked():
        return function(ctypes.c_void_p(current())) != default
    class Deep:
        def __lt__(self, other):
            if hooked():
                return sorted([Deep(), Deep()]) is None  # needs C stack
            pyston.disable()
            print(hooked(), pyston.is_enabled())
            return True
    print(hooked())
    sorted([Deep(), Deep()])
    print(hooked(), pyston.is_enabled())
    """
    assert run(source, env={"PYSTON_UNHOOK_AFTER": "0"}).split() == ["True"] + ["False"] * 4


def test_a_run_lasts_longer_than_the_call_that_began_it():
    source = """
    import time
    def leaf(n):
        return [n].pop()
    def cold(n):
        return leaf(n) + len(str(n))
    def program():
        calls, end = 0, time.monotonic() + 1
        while time.monotonic() < end:
            for i in range(1000):
                cold(i)
            calls += 1000
        return calls
    for f in cold, leaf, program:
        pyston.suppress(f)
    before = pyston.stats()["unhooked_calls"]
    calls = program()
    print(0 < pyston.stats()["unhooked_calls"] - before < calls / 100)
    """
    assert run(source, env={}) == "True"


@pytest.mark.parametrize("depth", [0, 1, 5])
def test_hot_loops_of_functions_that_are_called_in_a_lasting_run_are_found(depth):
    source = f"""
    import time
    def hot():
        total = 0
        for i in range(30_000):
            total ^= i
        return total
    def between(n):
        return between(n - 1) if n else hot()
    def other(n):
        return str(n)
    def cold(n):
        return other(n)
    def program():
        end = time.monotonic() + 20
        while time.monotonic() < end and not pyston.is_compiled(hot):
            between({depth})
            for i in range(100):
                cold(i)
    for f in between, other, cold, program:
        pyston.suppress(f)
    program()
    print(pyston.is_compiled(hot))
    """
    assert run(source, env={}) == "True"


def test_what_was_left_is_compiled_anew_in_a_lasting_run():
    source = """
    import time
    def changes(x):
        return x + x
    def cold(n):
        return changes(n)
    def other(n):
        return str(n)
    def program(value):
        end = time.monotonic() + 20
        while time.monotonic() < end and not pyston.is_compiled(changes):
            for i in range(1000):
                cold(value)
                other(i)
    for f in cold, other, program:
        pyston.suppress(f)
    program(1)
    for i in range(1_000_000):  # it is left until it is given up
        if pyston.is_compiled(changes):
            cold("a")
    program("a")
    print(pyston.is_compiled(changes), pyston.stats()["retirements"] > 0)
    """
    assert run(source, env={}) == "True True"


@pytest.mark.parametrize("name", ["start_new_thread", "start_new"])
def test_a_thread_that_begins_in_a_lasting_run_is_under_the_hook(name):
    """The main thread serves no ticks while it waits."""
    source = f"""
    import _thread, time
    def hot(n):
        return n + 1
    def thread(lock):
        end = time.monotonic() + 20
        while time.monotonic() < end and not pyston.is_compiled(hot):
            for i in range(1000):
                hot(i)
        lock.release()
    def other(n):
        return str(n)
    def cold(n):
        return other(n)
    def program():
        lock = _thread.allocate_lock()
        lock.acquire()
        for i in range(1000):
            cold(i)
        _thread.{name}(thread, (lock,))
        lock.acquire()
    for f in thread, cold, other, program:
        pyston.suppress(f)
    program()
    print(pyston.is_compiled(hot))
    """
    assert run(source, env={}) == "True"


@pytest.mark.parametrize("env", [{}, {"PYSTON_STRESS_TICKS": "on"}], ids=["default", "ticks"])
def test_loop_is_unwatched_when_the_interpreter_stops_at_its_edge(env):
    """A look at what runs was due, and comes when the lasting run ends, which it does at the stop. What the
    interpreter popped there was taken for the function's result."""
    source = """
    import time
    sys.setrecursionlimit(10000)
    def innermost(x):
        return x
    def leaf(x):
        return innermost(x)
    def many(n):
        for i in range(n):
            leaf(i)
    def spin(seconds):
        end = time.perf_counter() + seconds
        while time.perf_counter() < end:
            leaf(1)
    def deep(n, seconds):
        if n:
            return deep(n - 1, seconds)
        spin(seconds)
    def step(i, function):
        if i == 2:
            pyston.force_compile(function)
        if i:
            spin(0.06)  # a tick: the loop is watched, and the function's start leads to compiled code
            many(400)  # the run is resumed
            deep(1500, 0.045)  # a tick puts off the look at what runs
            leaf(1)
    def warm_up():
        for _ in range(100):
            leaf(1); many(1); spin(0); step(0, None)
        for _ in range(100):
            deep(3, 0)
    for f in (innermost, leaf, many, spin, deep, step):
        pyston.suppress(f)
    warm_up()
    text = '''def watched(items):
        n = 0
        for x in items:
            n += 1
            step(n, watched)
        return n, "end"
    def warm_up_watched(k):
        for _ in range(k):
            watched([])'''
    modules = [{"step": step} for _ in range(6)]
    for module in modules:
        exec(text, module)
    for module in modules:
        module["warm_up_watched"](12)
    for module in modules:
        print(module["watched"]([1] * 5))
    """
    assert run(source, env=env).splitlines() == ["(5, 'end')"] * 6


@pytest.mark.parametrize("ending", ["tick", "thread", "fork"])
def test_run_is_interrupted_while_the_arguments_of_a_call_are_processed(ending):
    """By a finalizer, which is run by the collector there: the hook was lost for good, and loops that are watched
    under it returned what they iterate over."""
    source = f"""
    import os, threading, time
    wrong = []
    def loop(n):
        total = 0
        for i in range(n):
            total += 1
        return total
    def wait():
        end = time.perf_counter() + 0.1
        while time.perf_counter() < end:
            if loop(1) != 1:
                wrong.append(1)
    class Dies:
        def __init__(self):
            self.itself = self
        def __del__(self):
            if {ending!r} == "thread":
                thread = threading.Thread(target=wait)
                thread.start()
                thread.join()
            elif {ending!r} == "fork" and (child := os.fork()) != 0:
                os._exit(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
            wait()
    for i in range(30):
        loop(1)
    def target(a, *args, k=0):
        return k
    def caller(n, switch):
        total = 0
        for i in range(n):
            switch()
            total += target({", ".join(map(str, range(26)))}, k=1)
        return total
    def top(n, switch):
        return caller(n, switch)
    def rest(n, switch):
        return top(n, switch)
    gc.set_threshold(1, 1000, 1000)
    for i in range(200):
        caller(3, gc.enable)
        caller(3, gc.disable)
    pyston.force_compile(caller)
    gc.disable()
    Dies()
    for i in range(60):
        rest(2, gc.disable)
    rest(2, gc.enable)
    print(len(wrong), rest(2, gc.disable), pyston.is_enabled(), flush=True)
    """
    for _ in range(3):
        assert run(source, env={}) == "0 2 True"
