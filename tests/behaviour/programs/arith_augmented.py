# Augmented assignment: in place where the type says so, a new object where not; aliasing shows it.
from _repeat import repeat


class Counter:
    def __init__(self, n):
        self.n = n

    def __iadd__(self, other):
        self.n += other
        return self

    def __isub__(self, other):
        return NotImplemented

    def __sub__(self, other):
        return Counter(self.n - other)

    def __repr__(self):
        return f"Counter({self.n})"


class Box:
    total = 0


def body(out):
    a = b = [1]
    a += (2, 3)
    out(a, b, a is b)
    a = b = (1,)
    a += (2,)
    out(a, b)
    c = d = Counter(5)
    c += 3
    out(c, d, c is d)
    c -= 1
    out(c, d, c is d)
    box = Box()
    box.total += 4
    out(box.total, Box.total)
    table = {"k": 1}
    table["k"] += 1
    table["k"] *= 10
    values = [1, 2, 3]
    values[1] **= 5
    values[-1] <<= 3
    out(table, values)
    s = t = "ab"
    s += "c"
    s *= 2
    out(s, t)
    t = ([1],)
    try:
        t[0] += [2]
    except TypeError as e:
        out(e, t)
    x = 7
    x //= 2; x %= 2; x |= 6; x &= 5; x ^= 1; x >>= 1; x /= 4
    out(x)


repeat(body)
