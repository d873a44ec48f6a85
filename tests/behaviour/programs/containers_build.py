# Displays of every kind and size, order of evaluation, unhashable members, big literals, set and dict merges.
from _repeat import repeat


def lists(a, b):
    return [], [a], [a, b], [a, [b, [a]]], [*a, b], [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, a]


def dicts(a, b):
    return {}, {"a": a}, {a: b, b: a}, {**{"x": a}, "y": b}, {"k1": a, "k2": b, "k3": a, "k4": b, "k5": a}


def attempt(f):
    try:
        return f()
    except Exception as e:
        return f"{type(e).__name__}: {e}"


def same():
    a, b = [], []
    return a is b, () is (), {} is {}


def body(out):
    out(lists("xy", 2), dicts("p", "q"), same())
    out({1, 1.0, True}, {True: "t", 1: "one"}, {"a", "a"} == {"a"}, len({0, False, 0.0, -0.0}))
    out(attempt(lambda: {[]: 1}), attempt(lambda: {[1]}), attempt(lambda: {**5}), attempt(lambda: [*None]), attempt(lambda: {**{1: 2}, **{1: 3}}))
    out((1, "a", None, ..., b"", 1.5, 2j), f"{1}{'x'!r}{2.5:.3f}{[1]!s:>6}{10:#x}{'é'!a}", f"{'n':{'>'}{5}}", f"{1=} {1 + 1 = }")
    big = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31, 32]
    big[0] = "changed"
    out(big[:2], slice(1, 2), [1, 2, 3][0:2], "abc"[::-1])
    out(attempt(lambda: f"{1:q}"), attempt(lambda: f"{1:{'x'}{'y'}}"), attempt(lambda: "%d" % "x"), attempt(lambda: "%s %s" % ("a",)))


repeat(body)
