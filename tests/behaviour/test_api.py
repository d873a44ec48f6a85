"""The package `pyston`, its options, and that the modes of the other tests do what they say."""

from __future__ import annotations

import subprocess

import harness
import pytest

run = harness.run_source


def test_version():
    text = run("print(pyston.version, sys.pyston_version_info[:3], sys.pyston_version_info.major, pyston.version_info is sys.pyston_version_info)")
    version, rest = text.split(" ", 1)
    major, minor, micro = map(int, version.split("."))
    assert rest == f"({major}, {minor}, {micro}) {major} True"


def test_implementation_stays_cpython():
    assert run("import platform; print(sys.implementation.name, platform.python_implementation(), hasattr(sys.implementation, 'pyston'))") == "cpython CPython False"


def test_hot_function_is_compiled():
    assert run("print(pyston.is_compiled(work)); [work(10) for _ in range(1000)]; print(pyston.is_compiled(work), work(10))") == "False\nTrue 45"


def test_force_compile():
    assert run("print(pyston.force_compile(work), pyston.is_compiled(work), pyston.is_compiled(work.__code__), work(10))") == "True True True 45"


def test_force_compile_of_what_else_is_code():
    source = """
    class K:
        def m(self): return 1
        @classmethod
        def c(cls): return 2
    def g():
        yield 1
    async def co(): await g
    for f in (K().m, K.m, K.c, g, co, lambda: 1, compile("1", "f", "eval"), g()):
        print(pyston.force_compile(f), end=" ")
    for f in (len, 5, K, None):
        try:
            pyston.force_compile(f)
        except TypeError:
            print("TypeError", end=" ")
    print(K().m(), K.c(), list(g()))
    """
    assert run(source) == "True " * 8 + "TypeError " * 4 + "1 2 [1]"


def test_suppress():
    source = """
    @pyston.suppress
    def never(n):
        return [i for i in range(n)][-1]
    for _ in range(1000):
        never(20)
    print(never.__name__, pyston.is_compiled(never), pyston.force_compile(never), never(3))
    """
    assert run(source) == "never False False 2"


def test_enable_disable():
    source = """
    print(pyston.is_enabled())
    pyston.disable()
    print(pyston.is_enabled())
    for _ in range(1000): work(10)
    print(pyston.is_compiled(work))
    pyston.enable()
    for _ in range(1000): work(10)
    print(pyston.is_enabled(), pyston.is_compiled(work))
    pyston.disable()
    print(work(1000))
    pyston.enable(); pyston.enable()
    print(work(1000))
    """
    assert run(source).split() == ["True", "False", "False", "True", "True", "499500", "499500"]


def test_disable_in_compiled_code():
    source = """
    def switches(n):
        total = 0
        for i in range(n):
            if i == 500: pyston.disable()
            if i == 900: pyston.enable()
            total += work(3)
        return total
    print(switches(2000), pyston.is_enabled())
    """
    assert run(source) == "6000 True"


def test_pause():
    source = """
    with pyston.pause():
        for _ in range(1000): work(10)
        with pyston.pause():
            pass
        work(10)
        print(pyston.is_compiled(work))
    try:
        with pyston.pause():
            1/0
    except ZeroDivisionError:
        pass
    for _ in range(1000): work(10)
    print(pyston.is_compiled(work))
    """
    assert run(source) == "False\nTrue"


def test_compile_after_n_calls():
    source = """
    before = pyston.compile_after_n_calls(5)
    for _ in range(4): work(1)
    print(pyston.is_compiled(work))
    for _ in range(4): work(1)
    print(pyston.is_compiled(work), before > 5, pyston.compile_after_n_calls(before))
    for bad in (-1, 2**40, "x"):
        try:
            pyston.compile_after_n_calls(bad)
        except (ValueError, OverflowError, TypeError):
            print("no")
    """
    assert run(source).split() == ["False", "True", "True", "5", "no", "no", "no"]


def test_calls_of_cold_code_are_counted_in_bulk():
    """Calls that the hook does not look at one by one count all the same, and a new threshold holds at once."""
    source = """
    def plain(n):
        return n + 1
    calls = 0
    while not pyston.is_compiled(plain) and calls < 10_000_000:
        for i in range(10_000):  # it waits for others to be compiled with, and until it is likely to pay
            plain(i)
        calls += 10_000
    print(pyston.is_compiled(plain), pyston.force_compile(plain))
    """
    assert run(source, env={"PYSTON_COMPILE_THREAD": "off"}) == "True True"
    # At once: whatever has been spent on compiling before.
    source = """
    def other(n):
        return n + 2
    for i in range(100):
        other(i)
    pyston.compile_after_n_calls(50)
    other(1)
    print(pyston.is_compiled(other), end=" ")
    def given_up(n):
        return n + 3
    pyston.suppress(given_up)
    for i in range(10_000):
        given_up(i)
    print(pyston.is_compiled(given_up))
    """
    assert run(source, env={"PYSTON_COMPILE_THREAD": "off", "PYSTON_COMPILE_BUDGET": "100"}) == "True False"


def test_code_relies_on_globals_again_after_one_was_added():
    source = """
    def helper(n):
        return n
    def use(n):
        return helper(n) + len("ab")
    for turn in range(5):
        for i in range(1_000):
            use(i)
        print(pyston.is_compiled(use), "LoadGlobal" in pyston.dump(use, "hir"), end=" ")
        globals()[f"new_{turn}"] = turn
    """
    assert run(source) == "True False " * 4 + "True False"


def test_calls_under_tracing_are_not_taken_for_others():
    """While a thread is traced, the interpreter counts up what the hook keeps calls in."""
    source = """
    import threading
    def plain(n):
        return n + 1
    for i in range(100):
        plain(i)
    def traced():
        sys.settrace(lambda frame, event, argument: None)
        for i in range(1_000):
            plain(i)
        sys.settrace(None)
    thread = threading.Thread(target=traced)
    thread.start()
    thread.join()
    for i in range(1_400):
        plain(i)
    print(pyston.stats(plain)["interpreted_calls"] <= 2_500)
    """
    assert run(source, env={}) == "True"


def test_loops_of_running_code_are_watched():
    """Code that is in the midst of a loop when a call of it begins to be watched."""
    source = """
    def nested(n, depth):
        total = 0
        for i in range(n):
            if depth and i % 2:
                total += nested(3, depth - 1)
            total += i
        return total
    import sys
    print([nested(40, 2) for _ in range(300)] == [900] * 300)
    """
    assert run(source, env={"PYSTON_LOOP_AFTER": "3000"}) == "True"


def test_stats():
    source = """
    for _ in range(1000): work(50)
    s = pyston.stats()
    print(all(isinstance(s[k], int) for k in ("compilations", "refused", "code_bytes", "compile_microseconds", "loop_entries")))
    print(s["compilations"] > 0, s["code_bytes"] > 0, sorted(s["exits"])[:2])
    f = pyston.stats(work)
    print(f["compiled"], f["code_bytes"] > 0, f["versions"] >= 1, f["failure"] == "", type(f["exits"]).__name__)
    print(pyston.stats(lambda: 1), "work" in pyston.report(10000))
    """
    assert run(source) == "True\nTrue True ['deopt', 'error']\nTrue True True True list\nNone True"


def test_stats_free_objects():
    """Memory that is kept of dead generators is told of: without it, no more is allocated than before."""
    source = """
    def generate(a=1, b=2, c=3, d=4, e=5, f=6, g=7): # no other frame has the size
        yield [a, b, c, d, e, f, g, [a, b, c, d, e, f, g]]
    def used():
        gc.collect()
        free = pyston.stats()["free_objects"]
        return sys.getallocatedblocks() - free, free
    used()
    blocks, free = used()
    made = [generate() for _ in range(100)]
    for generator in made:
        list(generator)
    del made, generator
    blocks_then, free_then = used()
    print(free_then - free >= 30, abs(blocks_then - blocks) < 20)
    """
    assert run(source) == "True True"


def test_collector_sees_what_compiled_code_holds():
    """Also that of functions of which there is none at present, in code that ran once."""
    source = """
    import weakref
    SOURCE = '''
    class Held:
        def method(self):
            pass
    def in_function():
        def inner():
            return Held()
        return inner
    def in_class():
        class Class:
            def inner(self):
                return Held()
        return Class().inner
    '''
    for maker in ("in_function", "in_class"):
        space = {}
        exec(SOURCE, space)
        inner = space[maker]()
        for _ in range(50):
            inner()
        held = weakref.ref(space["Held"])
        print(pyston.force_compile(getattr(inner, "__func__", inner)))
        inner()
        del inner, space
        gc.collect() # the class of the second, whose code then has one owner
        gc.collect()
        print(held() is None)
    """
    assert run(source, env={}).split() == ["True"] * 4


@pytest.mark.parametrize(("stage", "expected"), [("hir", "bb0"), ("lir", "b0:"), ("asm", "ret")])
def test_dump(stage, expected):
    text = run(f"for _ in range(1000): work(10)\nprint(pyston.dump(work, {stage!r}))")
    assert expected.lower() in text.lower(), text[:2000]


def test_dump_errors():
    assert run("""
    for bad in (lambda: pyston.dump(work, "x"), lambda: pyston.dump(5)):
        try:
            bad()
        except (ValueError, TypeError) as e:
            print(type(e).__name__)
    """).split() == ["ValueError", "TypeError"]


def test_compile_at_first_call():
    source = "work(2); print(pyston.is_compiled(work))"
    assert run(source, env=harness.MODES["compile-all"]) == "True"
    assert run(source, "-X", "pyston-compile-after=0") == "True"
    assert run(source) == "False"


def test_stress_takes_exits_reproducibly():
    source = "work(5000); print(sum(v for k, v in pyston.stats()['exits'].items() if k in ('forced', 'guard')) > 10, work(100))"
    assert run(source, env=harness.MODES["stress-exits"]) == "True 4950"
    counts = {run("work(5000); print(pyston.stats()['exits'])", env=harness.MODES["stress-exits"]) for _ in range(3)}
    assert len(counts) == 1


def test_loop_entry():
    assert run("work(20000); print(pyston.stats()['loop_entries'] > 0)") == "True"


def test_loop_entry_in_a_thread():
    """Where nobody looks every few milliseconds."""
    source = """
    import threading
    thread = threading.Thread(target=work, args=(10_000_000,))
    thread.start()
    thread.join()
    print(pyston.stats()["loop_entries"] > 0)
    """
    assert run(source, env={}) == "True"


def options_run(*options: str, env: dict[str, str] | None = None) -> subprocess.CompletedProcess:
    return subprocess.run(
        [harness.PYSTON, *options, "-c", "print('ran')"], capture_output=True, text=True, env=harness.environment(env or {})
    )


def test_help():
    p = options_run("-X", "pyston-help")
    assert p.returncode == 0 and "ran\n" not in p.stdout
    for name in ("compile-after", "stress-exits", "dump", "perf-map", "stats"):
        assert f"-X pyston-{name}" in p.stdout


@pytest.mark.parametrize(
    ("options", "env", "named"),
    [(["-X", "pyston-nonsense=1"], {}, "nonsense"), (["-X", "pyston-compile-after=x"], {}, "compile-after"),
     (["-X", "pyston-compile-after=-1"], {}, "compile-after"), ([], {"PYSTON_NONSENSE": "1"}, "nonsense"),
     ([], {"PYSTON_COMPILE_AFTER": "many"}, "compile-after"), (["-I", "-S", "-X", "pyston-stress-exits=y"], {}, "stress-exits")],
)  # fmt: skip
def test_wrong_option_is_one_sentence(options, env, named):
    p = options_run(*options, env=env)
    assert (p.returncode, p.stdout) == (0, "ran\n")
    assert p.stderr.startswith("pyston: warning: ") and named in p.stderr and p.stderr.count("\n") == 1


def test_command_line_wins_over_environment():
    source = "print(pyston.compile_after_n_calls(1))"
    assert run(source, "-X", "pyston-compile-after=7", env={"PYSTON_COMPILE_AFTER": "9"}) == "7"
    assert run(source, "-E", env={"PYSTON_COMPILE_AFTER": "9"}) == "9"


def test_statistics_at_exit():
    p = options_run("-X", "pyston-stats")
    assert p.stdout == "ran\n" and "compilations" in p.stderr


def test_coverage():
    source = """
    for _ in range(1000): work(10)
    covered = pyston.stats().get("coverage", {})
    print(sorted(covered), covered and covered["lowered"]["IntAdd"] > 0, covered and covered["lowered"]["DoubleAdd"])
    """
    groups = "['built', 'exits emitted', 'exits taken', 'helpers', 'lowered', 'passes']"
    assert run(source, "-X", "pyston-coverage") == f"{groups} True 0"
    assert run(source) == "[] {} {}"


def test_perf_map():
    source = """
    import os
    for _ in range(1000): work(10)
    text = open(f"/tmp/perf-{os.getpid()}.map").read()
    os.unlink(f"/tmp/perf-{os.getpid()}.map")
    print("work" in text, all(len(line.split()) >= 3 and int(line.split()[0], 16) for line in text.splitlines()))
    """
    assert run(source, "-X", "pyston-perf-map") == "True True"


def test_perf_finds_symbols_of_compiled_code(tmp_path):
    """perf looks into its map for code in memory without a name only; a forked child has the code, too."""
    source = """
    import os
    for _ in range(1000): work(10)
    def shown():
        path = f"/tmp/perf-{os.getpid()}.map"
        starts = [int(line.split()[0], 16) for line in open(path)]
        os.unlink(path)
        named = []
        for line in open("/proc/self/maps"):
            addresses, rights, _, _, _, *name = line.split()
            low, high = (int(a, 16) for a in addresses.split("-"))
            if any(low <= start < high for start in starts):
                named.append((rights, name))
        return named
    print(shown(), flush=True)
    if os.fork() == 0:
        def more(n): return n + 1
        for i in range(1000): more(i)
        print(shown(), work(10) == work(10))
        os._exit(0 if print(end="", flush=True) is None else 1)
    os.wait()
    """
    assert run(source, "-X", "pyston-perf-map") == "[('r-xp', [])]\n[('r-xp', [])] True"


def test_enable_without_auto_load():
    """`import pyston; pyston.enable()` where nothing else turned it on."""
    site = next((harness.VENV / "lib").glob("python3.11/site-packages"))
    source = f"import sys; sys.path.insert(0, {str(site)!r})" + harness.WORK + (
        "print(pyston.is_enabled(), pyston.enable(), pyston.is_enabled())\n[work(9) for _ in range(1000)]\nprint(pyston.is_compiled(work))"
    )
    p = subprocess.run([harness.STOCK, "-c", source], capture_output=True, text=True, env=harness.environment(harness.SOON))
    assert p.stdout == "False True True\nTrue\n", p.stderr


@pytest.mark.skipif(bool(harness.PRELOAD), reason="gdb itself would be sanitized")
def test_gdb_sees_compiled_frames(tmp_path):
    """gdb walks from C through compiled frames, and names them."""
    (tmp_path / "program.py").write_text(
        "import os\ndef compiled_inner(n):\n  return os.abort() if n > 900 else n\n"
        "def compiled_outer(n):\n  return compiled_inner(n) + 1\n"
        "for i in range(1000): compiled_outer(i)\n"
    )
    p = subprocess.run(
        ["gdb", "-nx", "-batch", "-ex", "set confirm off", "-ex", "run", "-ex", "bt", "--args",
         harness.PYSTON, "-X", "pyston-gdb", str(tmp_path / "program.py")],
        capture_output=True, text=True, env=harness.environment(harness.MODES["compile-all"]), timeout=120,
    )  # fmt: skip
    assert "compiled_inner" in p.stdout and "compiled_outer" in p.stdout, p.stdout[-3000:]
    assert "Py_RunMain" in p.stdout or "__libc_start_main" in p.stdout, p.stdout[-3000:]


def test_module_main():
    p = subprocess.run([harness.PYSTON, "-m", "pyston"], capture_output=True, text=True, env=harness.environment({}))
    assert p.stdout.startswith("Pyston ") and "on in this process" in p.stdout
