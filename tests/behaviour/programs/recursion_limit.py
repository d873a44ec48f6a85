# RecursionError: at the same depth for plain calls, caught, recovered from, and through C code.
import sys
from _repeat import repeat


def depth(n):
    try:
        return depth(n + 1)
    except RecursionError:
        return n


def count():
    deepest = 0
    def go(n):
        nonlocal deepest
        deepest = n
        go(n + 1)
    try:
        go(0)
    except RecursionError as e:
        return deepest, str(e)


class Attr:
    def __getattr__(self, name):
        return getattr(self, name + "x")


class Rep:
    def __repr__(self):
        return "<" + repr(self) + ">"


class Key:
    def __init__(self, n):
        self.n = n

    def __lt__(self, other):
        return sorted([Key(1), Key(2)])[0].n < 3


class Eq:
    def __eq__(self, other):
        return [self] == [Eq()]


def generator():
    yield from generator()


def attempt(f):
    try:
        f()
        return "no error"
    except RecursionError as e:
        return type(e).__name__


def body(out):
    sys.setrecursionlimit(400)
    out(count(), depth(0))
    out(attempt(lambda: Attr().a), attempt(lambda: repr(Rep())), attempt(lambda: sorted([Key(1), Key(2)])), attempt(lambda: Eq() == 1))
    out(attempt(lambda: list(generator())))
    sys.setrecursionlimit(600)
    out(count(), sys.getrecursionlimit())
    sys.setrecursionlimit(1000)


repeat(body, 20)
