# Generators stored, shared, exhausted, compared; iterated by C functions; zip of one generator with itself; recursion through generators.
import itertools
from _repeat import repeat


def count(n):
    i = 0
    while i < n:
        yield i
        i += 1


def hanoi(n, a, b, c):
    if n:
        yield from hanoi(n - 1, a, c, b)
        yield a, c
        yield from hanoi(n - 1, b, a, c)


def permutations(items):
    if not items:
        yield []
    for i, x in enumerate(items):
        for rest in permutations(items[:i] + items[i + 1 :]):
            yield [x, *rest]


def average():
    total, n, value = 0.0, 0, None
    while True:
        x = yield value
        total += x
        n += 1
        value = total / n


def flatten(x):
    try:
        for y in x:
            if isinstance(y, str):
                yield y
            else:
                yield from flatten(y)
    except TypeError:
        yield x


def body(out):
    g = count(6)
    out(list(zip(g, g)), list(g), next(g, "end"))
    out(sum(1 for _ in hanoi(6, "A", "B", "C")), list(hanoi(2, 1, 2, 3)), sum(1 for _ in permutations([1, 2, 3, 4])), list(permutations("ab")))
    avg = average()
    next(avg)
    out([avg.send(x) for x in (1, 2, 3.5, 10)], list(flatten([1, [2, ["ab", (3, [])]], 4])))
    a, b = itertools.tee(count(4))
    out(list(a), list(b), max(count(5)), sorted(count(3), reverse=True), dict(zip(count(2), count(9))), ",".join(str(x) for x in count(3)), 3 in count(5), tuple(count(2)))
    gens = [count(i) for i in range(4)]
    out([next(x, None) for x in gens for _ in range(2)], len({count(1), count(1)}))


repeat(body, 40)
