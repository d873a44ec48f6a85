# Closures: shared cells, nonlocal, late binding, cells of arguments, nested levels, recursion through cells.
from _repeat import repeat


def counter():
    n = 0
    def up(k=1):
        nonlocal n
        n += k
        return n
    def read():
        return n
    return up, read


def levels(a):
    def one(b):
        def two(c):
            nonlocal a, b
            a, b = b, a
            return a, b, c
        return two
    return one


def argument(x):
    f = lambda: x
    x += 1
    return f() , x


def loop_cells(n):
    fs = []
    for i in range(n):
        def f(j=i):
            return i, j
        fs.append(f)
    return [f() for f in fs]


def accumulate(items):
    total = 0.0
    def add(x):
        nonlocal total
        total = total + x
    for x in items:
        add(x)
    return total


def deleted():
    x = 1
    def f():
        return x
    del x
    try:
        return f()
    except NameError as e:
        return str(e)


def swap_kinds():
    x = 1
    def change(v):
        nonlocal x
        x = v
    out = []
    for v in (2, 2.5, "s", None, 2**70):
        change(v)
        out.append(x)
    return out


def star(*args, **kwargs):
    return lambda: (args, kwargs)


def body(out):
    up, read = counter()
    out([up() for _ in range(5)], up(10), read())
    out(levels(1)(2)(3), argument(5), loop_cells(3), accumulate([1, 2.5, True]), deleted(), swap_kinds(), star(1, k=2)())
    f = levels(1)(2)
    out(f(0), f(0), [c.cell_contents for c in f.__closure__])


repeat(body)
