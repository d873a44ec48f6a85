"""A finalizer that runs at a release in a loop sees the frame's locals: numbers that are unboxed there, locals that are not
bound yet, and those that died before."""
import sys

seen = []


class Noisy:
    def __del__(self):
        frame = sys._getframe(1)
        names = {k: v for k, v in frame.f_locals.items() if isinstance(v, (int, float, str, type(None)))}
        seen.append((sorted(names.items()), frame.f_lineno - frame.f_code.co_firstlineno))


def integers(n, late):
    total = 0
    share = 0.5
    for i in range(n):
        total += i * 2
        share += 0.25
        if i == late:
            first = i + 100
            part = share * 2.0
        if i % 5 == 0:
            item = Noisy()
            item = None
        if i > late:
            total += first
            share += part
    return total, share


def replaced(n):
    held = Noisy()
    count = 0
    label = "a"
    while count < n:
        count += 1
        held = Noisy() if count % 3 == 0 else held
        if count == n - 1:
            del label
    return count


for round in range(40):
    seen.clear()
    result = integers(12 + round, 3), replaced(7)
    if round % 13 == 0:
        print(result, seen)
for late in (0, 5, 1000):
    seen.clear()
    try:
        print(integers(2000, late))
    except UnboundLocalError as error:
        print(error)
    print(len(seen), seen[:4], seen[-2:])


# Iterators that die while they hold the last reference to a container with something in it that sees the frame.
def iterators(n):
    total = 0.5
    for i in range(n):
        total += i * 0.5
        for make in (lambda: iter([Noisy()]), lambda: iter((Noisy(),)), lambda: iter({1: Noisy()}.values()), lambda: {2: Noisy()}.items(),
                     lambda: iter({Noisy()}), lambda: reversed([Noisy()]), lambda: iter([1, 2])):  # fmt: skip
            held = make()
            held = None
        pairs = iter({i: Noisy()}.items())
        for pair in pairs:
            pair = None
        pairs = None
    return total


for round in range(3):
    seen.clear()
    print(iterators(400), len(seen), seen[:8], seen[-9:])
