# sys._getframe, inspect, locals(), f_locals of callers at every depth, f_lineno, f_lasti, in hot code.
import inspect
import sys
from _repeat import repeat


def who(depth=1):
    f = sys._getframe(depth)
    return f.f_code.co_name, f.f_lineno - f.f_code.co_firstlineno


def caller_locals():
    return {k: v for k, v in sorted(sys._getframe(1).f_locals.items()) if not callable(v)}


def simple(a, b):
    c = a + b
    first = caller_locals()
    d = c * 2
    second = caller_locals()
    del c
    third = caller_locals()
    return first, second, third


def in_loop(n):
    total = 0
    seen = []
    for i in range(n):
        total += i * 0.5
        if i % 50 == 49:
            seen.append((caller_locals()["total"], caller_locals()["i"]))
    return seen


def own(a):
    b = a * 2
    x = locals()
    b = 3
    y = locals()
    return x is y, sorted(x), x["b"]


def cells(a):
    b = a
    def inner():
        nonlocal b
        b += 1
        return caller_locals2()
    return inner(), caller_locals()


def caller_locals2():
    return dict(sorted(sys._getframe(1).f_locals.items()))


def stack(n):
    return [f.function for f in inspect.stack()[:4]] if n == 0 else stack(n - 1)


class K:
    def method(self):
        return who(1), who(2), inspect.currentframe().f_back.f_code.co_name


def write_locals(a):
    f = sys._getframe()
    f.f_locals["a"] = "changed"
    return a


def body(out):
    out(simple(1, 2), in_loop(200)[-1], own(4), cells(1), stack(3))
    out(K().method(), [who(1) for _ in range(2)], (lambda: who())(), write_locals(5))
    out(caller_locals2().keys() - {"out"}, inspect.getargvalues(sys._getframe()).args)


def module_level():
    return sys._getframe(1).f_lineno


repeat(body, 40)
lines = set()
for i in range(500):
    lines.add(module_level())
    lines.add(sys._getframe().f_lineno)
print(sorted(lines))
