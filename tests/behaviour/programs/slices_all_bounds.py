# Every slice with small bounds; stores that keep the length, and what dies then.
from _repeat import repeat

BOUNDS = [None, -7, -5, -4, -2, -1, 0, 1, 2, 4, 5, 7, 2**40, -(2**40), 2**70, -(2**70)]


def allOf(sequence):
    made = []
    for start in BOUNDS:
        for stop in BOUNDS:
            made.append(sequence[start:stop])
            for step in (1, -1, 2, -2, 3, -7, 2**31, -(2**70)):
                made.append(sequence[start:stop:step])
    return made


def stored(start, stop, length):
    target = [0, 1, 2, 3, 4]
    target[start:stop] = [10 + i for i in range(length)]
    return target


class Dies:
    def __init__(self, name, out):
        self.name = name
        self.out = out

    def __del__(self):
        self.out(self.name, len(target))


class Rich(list):
    def __getitem__(self, key):
        return key


target = []


def replaced(out):
    for i in range(3):
        target[:] = [Dies((i, k), out) for k in range(3)]
    out("same length")
    target[1:] = [Dies("a", out), 5]
    kept = [Dies("b", out), Dies("c", out)]
    target[:2] = kept
    out(len(kept), target[1] is kept[1])
    target[0:2] = (1, 2)
    out("kept")
    del kept
    target[:] = target
    target[:2] = target[1::-1]
    out(target)
    target[:] = []


def rotate(n):
    perm = list(range(n))
    for k in range(1, n):
        perm[: k + 1] = perm[k::-1]
        perm[k:] = perm[k:]
        perm[0:0] = perm[-1:]
        perm.pop()
    return perm


def errors(out):
    for container, start, step in [([1], "a", None), ((1,), 1, 0), ("abc", 1.5, 1), (5, 1, 1), ({}, 1, None)]:
        try:
            out(container[start::step])
        except (TypeError, ValueError, KeyError) as e:
            out(type(e).__name__, e)
        try:
            container[start::step] = [1]
            out(container)
        except (TypeError, ValueError) as e:
            out(type(e).__name__, e)
    out(Rich([1])[1:2], Rich([1])[::3])


def body(out):
    for sequence in ([0, 1, 2, 3, 4], (0, 1, 2, 3, 4), "abcde", b"abcde", [], [1]):
        out(hash(str(allOf(sequence))) == hash(str([sequence[slice(a, b, c)] for a in BOUNDS for b in BOUNDS for c in (None, 1, -1, 2, -2, 3, -7, 2**31, -(2**70))])))
    out([stored(a, b, n) for a in BOUNDS for b in (None, 0, 2, -1) for n in range(4)])
    replaced(out)
    out(rotate(12))
    errors(out)


repeat(body, 40)
