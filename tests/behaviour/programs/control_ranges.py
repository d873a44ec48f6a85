# for over range in all its shapes, with bounds that no machine word holds, and steps that overflow.
from _repeat import repeat


def gather(*args):
    return [i for i in range(*args)]


def count(r, limit):
    n = 0
    for i in r:
        n += 1
        if n == limit:
            return i, n
    return None, n


def body(out):
    for args in [(5,), (0,), (-3,), (2, 8), (8, 2), (8, 2, -1), (0, 10, 3), (10, 0, -4), (True,), (2**62, 2**62 + 3)]:
        out(args, gather(*args))
    out(gather(2**63 - 2, 2**63 + 2), gather(-(2**63) - 1, -(2**63) + 2), gather(2**70, 2**70 + 2))
    out(count(range(0, 2**62, 2**61 - 1), 10), count(range(2**63 - 1, -(2**63), -(2**62)), 10))
    out(count(range(10**30), 4), count(range(0, -(10**20), -(10**19)), 100))
    for bad in [(1, 2, 0), (1.5,), ("a",), ()]:
        try:
            gather(*bad)
        except (TypeError, ValueError) as e:
            out(type(e).__name__, e)
    r = iter(range(5))
    out(next(r), list(r), next(r, "end"))


repeat(body)
