# cProfile and profile: the same call counts for hot code, calls through C, generators, recursion.
import cProfile
import io
import pstats


def fib(n):
    return n if n < 2 else fib(n - 1) + fib(n - 2)


def gen(n):
    for i in range(n):
        yield fib(i)


class K:
    def __init__(self, v):
        self.v = v

    def __lt__(self, other):
        return self.v < other.v


def work():
    items = sorted([K(i * 7 % 10) for i in range(10)])
    return sum(gen(8)) + len(items)


for _ in range(60):
    work()
p = cProfile.Profile()
p.enable()
work()
p.disable()
rows = []
for (file, line, name), (cc, nc, tt, ct, callers) in pstats.Stats(p).stats.items():
    rows.append((name, cc, nc, sorted((k[2], v[0]) for k, v in callers.items())))
for row in sorted(rows, key=repr):
    print(row)
p = cProfile.Profile()
print(p.runcall(fib, 10))
print([row[:2] for key, row in pstats.Stats(p).stats.items() if key[2] == "fib"])
