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
    sys.setrecursionlimit(5000)
    def leaf(n):
        m = n + 1
        return m
    def deep(n, value):
        return deep(n - 1, value) if n else leaf(value)
    def cold(n):
        return ({callee})(n)
    steps = (
        lambda: None,
        lambda: pyston.force_compile(leaf),
        lambda: deep(1500, 1.5),  # compiled code is left, and goes on in what was overwritten
    )
    for step in steps:
        step()
        before = pyston.stats()["inlined_entries"]
        for i in range(2000):  # in the module, which does not itself run without the hook
            cold(i)
        print(pyston.stats()["inlined_entries"] - before > 1000)
    """
    assert run(source, env=COLD).split() == ["False", "True", "True"]


@pytest.mark.skipif(bool(harness.PRELOAD), reason="AddressSanitizer needs all of the address space")
def test_finalizers_run_while_entering_is_prepared():
    """One that is run by an allocation there, and has all code prepared."""
    source = """
    import resource
    resource.setrlimit(resource.RLIMIT_AS, (8 << 30, 8 << 30))  # a failure allocates without end
    def listed(n):  # a tuple of that many constants is never taken from a free list
        return [n, {values}]
    class Cycle:
        def __del__(self):
            print("del", pyston.is_compiled(listed))
            with pyston.pause():
                pass
    def cold(n):
        return listed(n)
    for i in range(20):
        cold(i)
    gc.disable()
    cycle = Cycle()
    cycle.itself = cycle
    del cycle
    gc.enable()
    gc.set_threshold(1)
    pyston.force_compile(listed)
    gc.set_threshold(700)
    for i in range(100):
        assert cold(i) == [i, {values}], cold(i)
    with pyston.pause():
        print(cold(1) == [1, {values}])
    """.replace("{values}", ", ".join(f"-{i}" for i in range(1000, 1030)))
    assert run(source, env=COLD) == "del True\nTrue"


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
    """What calls much that is cheap calls something that takes long. Several times, since a sample might see it."""
    source = """
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
        space = {}
        exec(FUNCTIONS, space)
        heavy, cheap, call = space["heavy"], space["cheap"], space["call"]
        for i in range(150):
            call(cheap, i)
        for _ in range(4):
            call(heavy, 2_000_000)
            for i in range(300):
                call(cheap, i)
        print(pyston.is_compiled(heavy))
    """
    assert run(source, env={}).split() == ["True"] * 5


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
