# int, float, bool, complex, Fraction and Decimal meet in the same instructions.
from decimal import Decimal
from fractions import Fraction
from _repeat import repeat


def add(a, b):
    return a + b


def multiply(a, b):
    return a * b


def less(a, b):
    return a < b


def accumulate(items):
    total = items[0]
    for item in items[1:]:
        total = total + item
    return total


def body(out):
    pairs = [(1, 2), (1.5, 2), (2, 1.5), (True, 1), (True, False), (1, 2j), ("a", "b"), ([1], [2]), ((1,), (2,)),
             (Fraction(1, 3), 2), (2, Fraction(1, 3)), (Decimal("1.1"), 2), (2**70, 1), (1, 2**70), (1.0, 2**70)]
    for a, b in pairs:
        out(add(a, b), type(add(a, b)).__name__)
    for a, b in [(3, "ab"), ("ab", 3), ([0], 2), (2.5, True), (0, -1.0)]:
        out(repr(multiply(a, b)))
    for a, b in [(1, 1.5), (True, 2), ("a", "b"), ((1, 2), (1, 3)), (2**53, 2.0**53 + 2)]:
        out(less(a, b))
    out(accumulate([1, 2, 2.5, True, 3]), accumulate(["a", "b"]), accumulate([2**62, 2**62, 0.5]))
    for a, b in [(1, "a"), ("a", 1), (None, 1), ([], ())]:
        for f in (add, less):
            try:
                f(a, b)
            except TypeError as e:
                out(e)


repeat(body)
