# Iterators, views and tuples that die with what they hold, some of which looks at the frame then; loops over each kind.

import sys
from collections import deque

from _repeat import repeat


class Told:
    def __init__(self, name):
        self.name = name

    def __del__(self):
        frame = sys._getframe(1)
        log.append((self.name, frame.f_code.co_name, sorted(k for k in frame.f_locals if k.startswith("seen")), frame.f_lineno - frame.f_code.co_firstlineno))

    def __iter__(self):
        return iter((1, 2))

    def __getitem__(self, i):
        if i > 1:
            raise IndexError
        return i

    def __call__(self, *args):
        return 1

    def __len__(self):
        return 2

    def __hash__(self):
        return 1


log = []


def makers():
    yield lambda: enumerate([Told("enumerate"), 1])
    yield lambda: zip([Told("zip")], (1, 2))
    yield lambda: map(Told("map"), [1, 2])
    yield lambda: filter(Told("filter"), [1, 2])
    yield lambda: reversed([Told("reversed"), 1])
    yield lambda: reversed(Told("reversed by index"))
    yield lambda: iter(Told("iter"), 1)
    yield lambda: {Told("dict"): Told("value")}.items()
    yield lambda: reversed({1: Told("reversed dict")}.values())
    yield lambda: iter({Told("set"), 1})
    yield lambda: iter((Told("tuple"), 2))
    yield lambda: slice(Told("slice"), None)
    yield lambda: Told("method-wrapper").__hash__
    yield lambda: super(Told, Told("super"))
    yield lambda: (Told("in tuple"), 1, "x")
    yield lambda: (1, (2, Told("in inner tuple")))
    yield lambda: range(10**30)
    yield lambda: iter("abc")
    yield lambda: iter("äöü")
    yield lambda: iter(b"abc")
    yield lambda: iter(bytearray(b"abc"))
    yield lambda: iter(range(10**30))


def drop(make):
    seen_before = 1
    made = make()
    seen_after = type(made).__name__
    made = None
    seen_late = 2
    return seen_before, seen_after, seen_late


def drops(out):
    for make in makers():
        out(drop(make))
    for entry in log:
        out(entry)
    log.clear()


repeat(drops, 40)


class Count:
    def __init__(self, n):
        self.n = n

    def __iter__(self):
        return self

    def __next__(self):
        self.n -= 1
        if self.n < 0:
            raise StopIteration
        return sys._getframe(1).f_locals.get("i"), self.n


def loop(items, turns):
    total = 0
    found = []
    for i in range(turns):
        total += i
        for item in items():
            found.append((i, item))
            total += 0.5
    return total, found[-3:]


def loops(out):
    for name, items in {
        "str": lambda: "abc",
        "bytes": lambda: b"abc",
        "dict": lambda: {"a": 1},
        "items": {"a": 1, "b": 2}.items,
        "enumerate": lambda: enumerate((7, 8)),
        "zip": lambda: zip((7, 8), "ab"),
        "reversed": lambda: reversed((7, 8)),
        "generator": lambda: (x for x in (7, 8)),
        "set": lambda: {7},
        "deque": lambda: deque((7, 8)),
        "map": lambda: map(str, (7, 8)),
        "iterator in Python": lambda: Count(2),
        "list": lambda: [7, 8],
        "tuple": lambda: (7, 8),
        "range": lambda: range(2),
        "nothing": lambda: "",
    }.items():
        out(name, loop(items, 400))


repeat(loops, 12)


# One kind after the other at the same place, once the loop has been compiled for the first.
def mixed(out):
    kinds = ["ab", [1, 2], (3, 4), {5: 6}, range(2), b"x"]
    for kind in kinds + kinds[::-1]:
        out(loop(lambda: kind, 300))  # noqa: B023


repeat(mixed, 6)
