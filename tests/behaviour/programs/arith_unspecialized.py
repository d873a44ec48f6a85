# Operators and subscripts that the interpreter gives no feedback for, and operands that change later.
from _repeat import repeat


class Number(float):
    def __truediv__(self, other):
        return "divided"

    def __pow__(self, other, modulus=None):
        return "raised"


def divide(a, b):
    return a / b


def power(a, b):
    return a**b


def square(a):
    return a**2


def cube(a):
    return a**3


def negate(a):
    return -a


def invert(a):
    return ~a


def both(a, b):
    return [a - b, a * b, a < b, a == b]


def truth(a):
    if a:
        return "true"
    return "false"


def attempt(function, *arguments):
    try:
        return repr(function(*arguments))
    except Exception as e:
        return f"{type(e).__name__}: {e}"


def warm(function, *arguments):
    for _ in range(4000):
        function(*arguments)


INF = float("inf")
NAN = float("nan")
VALUES = [0.0, -0.0, 1.5, -2.0, 3.0, INF, -INF, NAN, 1e200, 1e-200, 5e-324, 0, 1, -7, 2**40, 2**62, 2**63, -(2**63), 3**50, True, Number(2.5), 1j, "x", None, [], [0]]


def body(out):
    for function, arguments in ((divide, (1.5, 2)), (power, (1.5, 2.5)), (square, (1.5,)), (cube, (7,)), (negate, (1.5,)), (invert, (5,)),
                                (both, (1.5, 2)), (truth, (1.5,))):  # fmt: skip
        warm(function, *arguments)
    for a in VALUES:
        out(repr(a), [attempt(f, a) for f in (square, cube, negate, invert, truth)])
        for b in VALUES:
            out(repr(a), repr(b), [attempt(f, a, b) for f in (divide, both)])
            if not (isinstance(a, int) and isinstance(b, int) and abs(b) > 100):
                out(repr(a), repr(b), attempt(power, a, b))


repeat(body, 3)
