# for over dict views, enumerate, zip, reversed, map, filter, files, str, sets, iter(callable), and own iterators; with mixed types in one loop.
import itertools
from _repeat import repeat


def gather(it):
    out = []
    for x in it:
        out.append(x)
    return out


def pairs(it):
    return [(b, a) for a, b in it]


class Own:
    def __init__(self, n):
        self.n = n

    def __iter__(self):
        return self

    def __next__(self):
        if self.n == 0:
            raise StopIteration
        self.n -= 1
        return self.n


class Old:
    def __getitem__(self, i):
        if i > 2:
            raise IndexError
        return i * i


class NoIter:
    __iter__ = None


def body(out):
    d = {"a": 1, "b": 2}
    calls = iter([1, 2, 0, 3])
    for it in ([1, 2], (1, 2), "ab", b"ab", range(3), d, d.keys(), d.values(), d.items(), {5}, enumerate("xy", 1), zip([1, 2], "ab", (3.5, None)),
               reversed([1, 2]), reversed(d), map(lambda x: x + 1, [1]), filter(None, [0, 1]), Own(3), Old(), iter(lambda: next(calls), 0), (x for x in "g"),
               itertools.chain([1], [2]), itertools.islice(itertools.count(), 3), bytearray(b"z"), memoryview(b"m"), [], "", iter([])):
        out(type(it).__name__, gather(it))
    out(pairs(enumerate("ab")), pairs(zip("ab", range(5))), pairs(d.items()), pairs([[1, 2], "xy"]))
    for bad in (5, None, NoIter(), int, 1.5):
        try:
            gather(bad)
        except TypeError as e:
            out(e)
    try:
        gather(zip([1], [1, 2], strict=True))
    except ValueError as e:
        out(e)
    total = 0
    for i, (a, b) in enumerate(zip(range(100), range(100, 200))):
        total += i * a - b
    out(total, max(enumerate([3, 9, 2]), key=lambda p: p[1]))


repeat(body)
