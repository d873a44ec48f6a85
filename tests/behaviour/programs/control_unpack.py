# Unpacking, starred and nested, from everything iterable, with its errors.
from _repeat import repeat


def two(x):
    a, b = x
    return a, b


def starred(x):
    a, *b, c = x
    return a, b, c


def nested(x):
    (a, [b, *c]), d = x
    return a, b, c, d


def generator():
    yield 1
    yield 2


class Sequence:
    def __getitem__(self, i):
        if i < 2:
            return i * 10
        raise IndexError


def body(out):
    for x in [(1, 2), [3, 4], "ab", {5: 6, 7: 8}, range(2), generator(), Sequence(), {1: 1, 2: 2}.items(), b"xy"]:
        out(two(x))
    for x in [(1, 2), [1, 2, 3], "abcd", range(6)]:
        out(starred(x))
    out(nested([(1, "xyz"), 3]))
    for f, x in [(two, (1,)), (two, (1, 2, 3)), (two, 5), (two, []), (two, "a"), (two, [1, 2, 3]), (starred, [1]), (nested, [1, 2]), (two, iter([1, 2, 3]))]:
        try:
            f(x)
        except (ValueError, TypeError) as e:
            out(type(e).__name__, e)
    a, b, c = 1, 2, 3
    a, b, c = c, a, b
    out(a, b, c)
    l = [0, 1, 2]
    i = 0
    i, l[i] = 2, "set"
    out(i, l)
    out([*range(3), *"ab"], (*[1], 2), {*[1, 1]}, {**{"a": 1}, "b": 2, **{"a": 3}})
    for a, (b, *c) in [(1, (2, 3, 4)), (5, "xy")]:
        out(a, b, c)


repeat(body)
