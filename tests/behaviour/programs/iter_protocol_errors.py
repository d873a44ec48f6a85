# Iterators that raise, StopIteration from odd places, __length_hint__, __next__ replaced, iterators reused while failing.
from _repeat import repeat


class Failing:
    def __init__(self, n):
        self.n = n

    def __iter__(self):
        return self

    def __next__(self):
        self.n -= 1
        if self.n < 0:
            raise KeyError("failed")
        return self.n


class Hint:
    def __init__(self, hint):
        self.hint = hint

    def __length_hint__(self):
        if isinstance(self.hint, Exception):
            raise self.hint
        return self.hint

    def __iter__(self):
        return iter([1, 2])


class BadIter:
    def __iter__(self):
        return 5


class StopValue:
    def __iter__(self):
        return self

    def __next__(self):
        raise StopIteration("value")


def consume(it):
    seen = []
    try:
        for x in it:
            seen.append(x)
    except Exception as e:
        seen.append(f"{type(e).__name__}: {e}")
    return seen


def gen_stop():
    yield 1
    next(iter([]))


def delegate(it):
    r = yield from it
    yield ("result", r)


def attempt(f):
    try:
        return f()
    except Exception as e:
        return f"{type(e).__name__}: {e}"


def body(out):
    out(consume(Failing(3)), consume(BadIter()), consume(StopValue()), consume(gen_stop()), consume(delegate(StopValue())), consume(delegate(Failing(1))))
    out(attempt(lambda: list(Hint(5))), attempt(lambda: list(Hint(-1))), attempt(lambda: list(Hint("x"))), attempt(lambda: list(Hint(ValueError("hint")))), attempt(lambda: list(Hint(TypeError()))))
    f = Failing(2)
    out(consume(f), consume(f))
    out(attempt(lambda: [1 for _ in StopValue()]), attempt(lambda: dict([1])), attempt(lambda: dict([(1, 2, 3)])), attempt(lambda: [*Failing(1)]), attempt(lambda: (lambda *a: a)(*Failing(1))))
    a, *b = StopValue(), *StopValue(), 3
    out(b)
    Failing.__next__, saved = (lambda self: "endless"), Failing.__next__
    out([x for x, _ in zip(Failing(0), range(3))])
    Failing.__next__ = saved


repeat(body)
