# assert, del, global, pass, walrus, annotations, lambda, ellipsis, chained assignment, star targets, augmented globals, type hints that are evaluated.
from _repeat import repeat

g = 0


def bump():
    global g, fresh
    g += 1
    fresh = g
    return fresh


def check(x):
    assert x > 0, f"bad {x}"
    return x


def annotated(a: int = 1, *, b: "str" = "x") -> list[int]:
    c: int = a
    d: undefined_annotation
    (e): float = 2.5
    return [c, e, b]


def deletes():
    a, b = [1, 2, 3], {"k": 1}
    del a[0], b["k"]
    (c, d), e = (1, 2), 3
    del (c, d)
    try:
        c
    except UnboundLocalError as error:
        return a, b, e, str(error)


def walrus(items):
    found = []
    while (n := len(items)) > 2:
        items.pop()
        found.append(n)
    if any((hit := x) > 1 for x in items):
        found.append(hit)
    return found, n


def attempt(f, *a):
    try:
        return f(*a)
    except Exception as e:
        return f"{type(e).__name__}: {e}"


def body(out):
    global g
    g = 0
    out([bump() for _ in range(3)], g, fresh)
    out(attempt(check, 1), attempt(check, 0), annotated(), annotated.__annotations__, deletes(), walrus([1, 2, 3, 4, 5]))
    a = b = c = []
    a.append(1)
    out(a is b is c, ..., (lambda: ...)() is Ellipsis, (lambda *a, k=2, **kw: (a, k, kw))(1, z=3))
    x = *range(3), "end"
    first, *rest = x
    [y, [z]] = [1, [2]]
    out(x, first, rest, y, z, not not x, +True, -True, ~False)
    if 0:
        never = 1
    if "constant":
        always = 2
    out(always, "never" in dir(), __debug__, __name__)
    for out.attr in ():
        pass
    print_me = out
    try:
        (lambda: (yield))().send(1)
    except TypeError as e:
        out(e)


class Out:
    pass


def wrapper(out):
    o = lambda *a: out(*a)
    body(o)


repeat(wrapper)
