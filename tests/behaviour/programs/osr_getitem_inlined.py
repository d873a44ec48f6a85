# __getitem__ with loops: the interpreter inlines it into the caller's loop, past the frame evaluation hook.
from _repeat import repeat


class Squares:
    """Computed on demand, in a loop, and calls itself."""

    def __init__(self):
        self.known = [0]

    def __getitem__(self, i):
        known = self.known
        while i >= len(known):
            known.append(known[-1] + self[len(known) - 1] * 0 + 2 * len(known) - 1)
        return known[i]


def make(step):
    class Box:
        def __getitem__(self, i):
            total = 0
            for k in range(i):
                if k % step:
                    continue
                total += k
            return total

    return Box()


def find(self, key):
    n = 0
    while n < key:
        n += 1
    return n


class Alias:
    __getitem__ = find


class Lazy:
    def __init__(self, source):
        self.sofar = []
        self.fetch = source.__next__

    def __getitem__(self, i):
        sofar, fetch = self.sofar, self.fetch
        while i >= len(sofar):
            sofar.append(fetch())
        return sofar[i]


def times(n, source):
    for i in source:
        yield n * i


def merge(a, b):
    x, y = next(a), next(b)
    while 1:
        if x < y:
            yield x
            x = next(a)
        elif x > y:
            yield y
            y = next(b)
        else:
            yield x
            x, y = next(a), next(b)


def hamming():
    yield 1
    yield from merge(merge(times(2, numbers), times(3, numbers)), times(5, numbers))


def body(out):
    global numbers
    squares = Squares()
    out([squares[i] for i in range(0, 60, 7)])
    boxes = [make(step) for step in (1, 2, 3)]
    out([box[i] for i in range(0, 40, 9) for box in boxes])
    alias = Alias()
    out([alias[i] + find(alias, i) for i in range(12)])
    numbers = Lazy(hamming())
    out([numbers[i] for i in range(40)])


repeat(body)
