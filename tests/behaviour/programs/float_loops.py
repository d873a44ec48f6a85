# Floats over whole loops: accumulation order, overflow to infinity, NaN comparisons in conditions, integer and float mixed step by step, math functions.
import math
from _repeat import repeat


def integrate(f, a, b, n):
    h = (b - a) / n
    total = 0.5 * (f(a) + f(b))
    for i in range(1, n):
        total += f(a + i * h)
    return total * h


def newton(x):
    guess = x / 2 or 1.0
    for _ in range(60):
        better = (guess + x / guess) / 2
        if better == guess:
            break
        guess = better
    return guess


def grow(x, n):
    for i in range(n):
        x *= 10.0
    return x


def mixed(n):
    t = 0
    for i in range(n):
        t = t * 0.5 + i if i % 2 else t + 1
    return t


def kahan(items):
    s = c = 0.0
    for x in items:
        y = x - c
        t = s + y
        c = (t - s) - y
        s = t
    return s


def logistic(r, n):
    x = 0.5
    for _ in range(n):
        x = r * x * (1 - x)
    return x


def count_nan(items):
    below = above = neither = 0
    for x in items:
        if x < 0:
            below += 1
        elif x >= 0:
            above += 1
        else:
            neither += 1
    return below, above, neither


def body(out):
    out(integrate(lambda x: x * x, 0, 3, 200), integrate(math.sin, 0.0, math.pi, 100), newton(2), newton(1e300), newton(9.0))
    out(grow(1.0, 300), grow(1.0, 309), grow(-1.0, 400), grow(0.0, 5), mixed(100), kahan([0.1] * 50), sum([0.1] * 50), logistic(3.9, 200))
    out(count_nan([1.0, -1.0, math.nan, 0.0, -0.0, math.inf, -math.inf, 3, -2]))
    out(math.floor(-2.5), math.sqrt(2), math.hypot(3, 4), math.fmod(-7, 3), (-7.0) % 3, -7.0 // 3, round(0.5), round(1.5), 1e16 + 1, 0.1 + 0.2, 1 / 3, 2**0.5, 2.0**1023, int(1e18), 7.0.is_integer())
    for f in (lambda: math.sqrt(-1), lambda: math.log(0), lambda: math.exp(1000), lambda: 2.0**1024, lambda: 0.0**-1):
        try:
            out(f())
        except (ValueError, ArithmeticError) as e:
            out(type(e).__name__, e)


repeat(body, 40)
