# Rich comparisons, sort stability, key functions that mutate, lists changed while sorted, total order of mixed types.
from _repeat import repeat


class V:
    def __init__(self, k, tag=""):
        self.k, self.tag = k, tag

    def __lt__(self, o):
        return self.k < o.k

    def __repr__(self):
        return f"{self.k}{self.tag}"


class Weird:
    def __eq__(self, o):
        return "eq"

    def __ne__(self, o):
        return []

    def __lt__(self, o):
        return NotImplemented

    def __le__(self, o):
        return None

    __hash__ = None


class Only:
    def __gt__(self, o):
        return "reflected gt"

    def __ge__(self, o):
        return "reflected ge"


def attempt(f):
    try:
        return f()
    except Exception as e:
        return f"{type(e).__name__}: {e}"


def mutate():
    l = [3, 1, 2]
    def key(x):
        l.append(9)
        return x
    return attempt(lambda: l.sort(key=key)), l


def insertion(items):
    items = list(items)
    for i in range(1, len(items)):
        j = i
        while j and items[j] < items[j - 1]:
            items[j], items[j - 1] = items[j - 1], items[j]
            j -= 1
    return items


def quick(items):
    if len(items) < 2:
        return items
    p, *rest = items
    return quick([x for x in rest if x < p]) + [p] + quick([x for x in rest if not x < p])


def body(out):
    data = [(i * 7919) % 101 for i in range(60)]
    out(insertion(data) == sorted(data) == quick(data), insertion("hello"), quick([2.5, 1, True, 0.0]))
    items = [V(i % 3, "abcdefg"[i]) for i in range(7)]
    out(sorted(items), sorted(items, reverse=True), min(items), max(items), insertion(items))
    w = Weird()
    out(w == 1, w != 1, attempt(lambda: w < w), w <= 1, attempt(lambda: w > 1), 1 < Only(), 1 <= Only(), attempt(lambda: 1 > Only()), w in [w], [w] == [w], attempt(lambda: {w}))
    out(mutate(), attempt(lambda: sorted([1, None])), [1, 2] < [1, 2, 0], (1, "a") < (1, "b"), attempt(lambda: (1, "a") < (1, 2)), {1} < {1, 2}, "a" == b"a", 1 == 1.0 == True)
    nan = float("nan")
    out(nan == nan, nan in [nan], [nan] == [nan], (nan,) == (float("nan"),), nan < 1, sorted([3, nan, 1])[0], 0.0 == -0.0, 2**53 == 2.0**53, 2**53 + 1 == 2.0**53)


repeat(body)
