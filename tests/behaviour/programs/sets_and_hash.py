# Own __hash__ and __eq__ with side effects, sets of mixed numbers, frozensets, set algebra in loops, identity before equality.
from _repeat import repeat

log = []


class H:
    def __init__(self, n, h=None):
        self.n, self.h = n, n if h is None else h

    def __hash__(self):
        log.append(f"h{self.n}")
        return self.h

    def __eq__(self, o):
        log.append(f"e{self.n}{o.n}")
        return self.n == o.n

    def __repr__(self):
        return f"H{self.n}"


def unique(items):
    seen, out = set(), []
    for x in items:
        if x not in seen:
            seen.add(x)
            out.append(x)
    return out


def primes(n):
    composite, out = set(), []
    for i in range(2, n):
        if i not in composite:
            out.append(i)
            composite |= set(range(i * i, n, i))
    return out


def body(out):
    log.clear()
    x = H(1, 5)
    s = {x, H(2, 5)}
    out(x in s, H(1, 5) in s, H(3, 5) in s, log)
    out(unique([3, 1, 3.0, True, 1, "1", (1,), (1,)]), primes(40), {1, 1.0, True} | {2}, frozenset([1, 2]) == {1, 2}, hash(frozenset([1])) == hash(frozenset([1])))
    a, b = set(range(10)), set(range(5, 15))
    for op in ("__and__", "__or__", "__sub__", "__xor__"):
        out(sorted(getattr(a, op)(b)))
    a &= b
    a ^= {100}
    out(sorted(a), a.pop() in range(200), {1, 2}.issubset([1, 2, 3]), {*()} == set(), len({(), frozenset(), "", 0, None}))
    for bad in (lambda: {[]}, lambda: {1} + {2}, lambda: set().pop(), lambda: {1}.remove(2), lambda: {1} < [1]):
        try:
            bad()
        except Exception as e:
            out(type(e).__name__, e)


repeat(body)
