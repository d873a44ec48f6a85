# Reference counts of what a program holds: no leak, no early death, over many compiled calls.
import sys
from _repeat import repeat


def count(thing):
    """Called by C: the references of an argument on its way differ between the tiers, rightly."""
    return next(map(sys.getrefcount, [thing]))


class Thing:
    __slots__ = ("x",)


def passes(a, b, *c, **d):
    return a if b else c


def leaves(n, thing):
    items = []
    for i in range(n):
        try:
            items.append(thing)
            if i == n - 1:
                raise ValueError(thing)
        except ValueError as e:
            e.args[0].x = i
    del items
    t = (thing, [thing], {"k": thing})
    x, y, z = t
    return passes(x, i % 2, y, z, k=thing)


def generator(thing):
    while True:
        got = yield thing
        if got is None:
            return


def body(out):
    thing = Thing()
    before = count(thing)
    for _ in range(5):
        r = leaves(7, thing)
        g = generator(thing)
        next(g)
        g.send(1)
        next(g, None)
    del r, g
    out(count(thing) - before, thing.x)
    nothing, small = count(None), count(2**40 + 1)
    for i in range(300):
        leaves(2, thing)
    out(abs(count(None) - nothing) < 50)
    out(count(thing) - before)


repeat(body, 30)
