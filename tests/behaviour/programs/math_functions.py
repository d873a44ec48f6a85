# Functions of one number in loops: special values, errors, other classes, functions that are exchanged.
import math
import sys
from _repeat import repeat


class Absolute:
    def __abs__(self):
        return "absolute"

    def __float__(self):
        return 0.25


class Loud(float):
    def __abs__(self):
        return "loud"


def absolute(x):
    return abs(x)


def root(x):
    return math.sqrt(x)


def sine(x):
    return math.sin(x)


def cosine(x):
    return math.cos(x)


def logarithm(x):
    return math.log(x)


def exponential(x):
    return math.exp(x)


def others(x):
    return [math.tan(x), math.asin(x), math.acos(x), math.atan(x), math.sinh(x), math.cosh(x), math.tanh(x)]


def integrate(n):
    total = 0.0
    for i in range(n):
        x = i / n
        total += math.sqrt(abs(math.sin(x) * math.cos(x) - 0.25)) + math.exp(-x) + math.log(x + 1.0) + abs(i - 5)
    return total


def attempt(function, *arguments):
    try:
        return repr(function(*arguments))
    except Exception as e:
        return f"{type(e).__name__}: {e}"


VALUES = [0.0, -0.0, 0.5, -0.5, 1.0, -1.0, 2.0, -2.0, 710.0, 1e300, -1e300, 5e-324, math.inf, -math.inf, math.nan, 0, 1, -1, 2**60, -(2**60), -(2**63),
          2**63, 10**400, True, None, "1", 1j, Absolute(), Loud(-1.5)]  # fmt: skip
FUNCTIONS = [absolute, root, sine, cosine, logarithm, exponential, others]


def deep(n, x):
    return deep(n - 1, x) if n else abs(x)


def at_limit(x):
    for n in range(60, 120):
        try:
            deep(n, x)
        except RecursionError as e:
            return n, str(e)


def body(out):
    for function in FUNCTIONS:
        for i in range(3000):
            function((i + 1) / 3002)
        for value in VALUES:
            out(function.__name__, value if isinstance(value, (int, float)) else type(value), attempt(function, value))
    for i in range(3000):
        absolute(-i)
    out([attempt(absolute, value) for value in VALUES])
    out(integrate(5000))
    saved = math.sin
    math.sin = lambda x: "mine"
    out(attempt(sine, 1.0))
    math.sin = abs
    out(attempt(sine, -1.0))
    math.sin = saved
    out(attempt(sine, 1.0))


repeat(body, 3)
for i in range(4000):
    deep(0, 1.5)
sys.setrecursionlimit(100)
result = at_limit(1.5)
sys.setrecursionlimit(1000)
print(result)
