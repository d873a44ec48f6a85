# Loops whose variables outgrow a machine word while they run.
from _repeat import repeat


def powers(n):
    x = 1
    for _ in range(n):
        x = x * 3 + 1
    return x


def fibonacci(n):
    a, b = 0, 1
    while n:
        a, b = b, a + b
        n -= 1
    return a


def sums(values):
    total = 0
    for value in values:
        total += value
    return total


def body(out):
    out(powers(30), powers(39), powers(40), powers(41), powers(100))
    out(fibonacci(90), fibonacci(92), fibonacci(93), fibonacci(94), fibonacci(300))
    out(sums([2**62, 2**62, -(2**63), 5]), sums([2**63 - 1, 1]), sums([-(2**63), -1]))


repeat(body)
