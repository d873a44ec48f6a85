# Functions that are called where they are made: comprehensions, generator expressions, lambdas; and what is known of them.

import gc
import sys
import traceback
import types
import weakref

from _repeat import repeat


def repeated(body):
    repeat(body, 60)


class Told:
    def __init__(self, name, log):
        self.name, self.log = name, log

    def __del__(self):
        self.log.append(f"{self.name} died in {sys._getframe(1).f_code.co_name}")


@repeated
def kinds(out):
    data, k = [3, 1, 2], 10
    out([x + k for x in data], {x: k for x in data}, sorted({x * k for x in data}), list(x - k for x in data))
    out([[x * y for x in data if x != y] for y in data], (lambda a: a + k)(5), (lambda a, b=2: a + b + k)(1))
    out((lambda: k)(), (lambda *a, **b: (a, b))(1, c=2), sum(x for x in data), any(x > 2 for x in data))


@repeated
def deaths(out):
    log = []
    held = [x for x in [Told("item", log)] if log.append("in") or True]
    log.append("out")
    del held
    captured = Told("captured", log)
    [captured.name for _ in range(2)]
    del captured
    log.append("gone")
    generator = (x.name for x in [Told("element", log), Told("other", log)])
    log.append(next(generator))
    log.append(next(generator))
    log.append(next(generator, "end"))
    (lambda a: log.append("called"))(Told("argument", log))
    log.append("after")
    (lambda a=Told("default", log): log.append("called"))()
    log.append("after")
    out(log)


@repeated
def frames_and_errors(out):
    names = [[sys._getframe(d).f_code.co_name for d in range(3)] for _ in range(1)]
    out(names)
    try:
        [1 // x for x in (2, 1, 0)]
    except ZeroDivisionError as error:
        out([(f.name, f.lineno - 57, f.end_lineno - f.lineno) for f in traceback.extract_tb(error.__traceback__)])
    try:
        list(missing for x in (2, 1, 0))  # noqa: F821
    except NameError as error:
        out(error, [f.name for f in traceback.extract_tb(error.__traceback__)])
    try:
        [x for x in 3]
    except TypeError as error:
        out(error, [f.name for f in traceback.extract_tb(error.__traceback__)])


@repeated
def what_functions_know(out):
    def documented(a, b=1, *, c: int = 2):
        """The text."""
        return a, b, c

    plain = lambda: 1  # noqa: E731
    for function in (documented, plain):
        out(function.__name__, function.__qualname__, function.__module__, function.__doc__, function.__defaults__,
            function.__kwdefaults__, function.__annotations__, function.__closure__, function.__dict__,
            function.__globals__ is globals(), function.__builtins__ is __builtins__.__dict__)
    plain.mark = 1
    reference = weakref.ref(plain)
    del plain, function
    out(reference() is None)
    again = lambda: 2  # noqa: E731
    out(again.__dict__, again(), gc.is_tracked(again), sys.getrefcount(again))


@repeated
def references(out):
    def make():
        cell = Told("cell", log)
        return lambda: cell

    log = []
    function = make()
    reference = weakref.ref(function, lambda _: log.append("function died"))
    function().name = "named"
    del function
    out(log, reference() is None)
    cycle = lambda: cycle  # noqa: E731
    reference = weakref.ref(cycle)
    del cycle
    gc.collect()
    out(reference() is None)


@repeated
def generators_die(out):
    def numbers():
        yield 1
        yield 2

    log = []
    for full in (True, False):
        generator = numbers()
        weakref.finalize(generator, log.append, f"died {full}")
        out(list(generator) if full else next(generator))
        del generator
    made = [numbers() for _ in range(50)]
    out(sum(map(sum, made)), {g.__name__ for g in made}, {g.gi_frame for g in made})
    del made
    made = numbers()
    out(made.__qualname__, next(made), made.gi_code is numbers.__code__, gc.is_tracked(made))


@repeated
def unusual_globals(out):
    for extra in ({}, {"__name__": "named"}, {"__name__": 5}, {"__builtins__": {"len": lambda _: "own len"}},
                  {"a": 1, "b": 2, "__name__": "late"}, {1: 2, "__name__": "not only strings"}):
        scope = dict(extra)
        exec("f = lambda: 1\ng = [len('ab') for _ in 'x']", scope)
        out(repr(scope["f"].__module__), scope["f"].__builtins__ is scope["__builtins__"], scope["g"])


def template(x):
    return [x + y for y in (1, 2)]


@repeated
def code_of_other_functions(out):
    inner = next(c for c in template.__code__.co_consts if isinstance(c, types.CodeType))
    function = types.FunctionType(inner, globals(), "own", None, (types.CellType(5),))
    out(template(1), function(iter([7])), template("a") if False else template(2))


def deep(n):
    return [deep(m - 1) for m in [n]] if n else "end"


@repeated
def recursion(out):
    out(deep(20))
    limit = sys.getrecursionlimit()
    try:
        deep(limit)
    except RecursionError as error:
        out(error)
