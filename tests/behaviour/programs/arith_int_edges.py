# Integers at the borders of one digit, two digits, 63 bits.
from _repeat import repeat

EDGES = [s * (2**p + d) for p in (0, 15, 29, 30, 31, 32, 59, 60, 61, 62, 63, 64) for d in (-1, 0, 1) for s in (1, -1)]


def arithmetic(a, b):
    return a + b, a - b, a * b, -a, +a, ~a, abs(a)


def bits(a, b):
    return a & b, a | b, a ^ b, a << (b & 7), a >> (b & 7)


def divisions(a, b):
    return a // b, a % b, divmod(a, b)


def comparisons(a, b):
    return a < b, a <= b, a == b, a != b, a > b, a >= b


def body(out):
    total = 0
    for a in EDGES:
        for b in EDGES:
            results = arithmetic(a, b) + bits(a, b) + comparisons(a, b)
            if b:
                results += divisions(a, b)
            total = hash((total, results))
            if type(results[2]) is not int:
                out("type", a, b)
    out(total)
    out(arithmetic(2**62, 2**62), arithmetic(-(2**62), 2**62), arithmetic(2**30, -1))


repeat(body, 6)
