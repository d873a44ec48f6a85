# Signed zeros, infinities, NaN, and what compares how.
import math
from _repeat import repeat

VALUES = [0.0, -0.0, 1.5, -1.5, math.inf, -math.inf, math.nan, 5e-324, 1.7976931348623157e308, 2.0**53, 2.0**63]


def operate(a, b):
    results = [a + b, a - b, a * b, -a, abs(a), a < b, a <= b, a == b, a != b, a > b, a >= b]
    for operation in (lambda: a / b, lambda: a // b, lambda: a % b, lambda: a**2.0):
        try:
            results.append(operation())
        except ArithmeticError as e:
            results.append(f"{type(e).__name__}: {e}")
    return results


def truth(a):
    return "yes" if a else "no"


def minimum(a, b):
    return (a if a < b else b, b if b > a else a, min(a, b), max(a, b))


def body(out):
    for a in VALUES:
        for b in VALUES:
            out(repr(a), repr(b), operate(a, b))
        out(truth(a), not a, minimum(a, 0.0), math.copysign(1.0, -a))


repeat(body, 12)
