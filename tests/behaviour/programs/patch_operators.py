# Special methods added, changed and removed on classes whose instances are used in hot loops.
class Number:
    def __init__(self, v):
        self.v = v

    def __add__(self, other):
        return self.v + other


def add(n, k):
    return n + k


def loop(n, items):
    total = 0
    for i in items:
        if i == 300:
            Number.__add__ = lambda self, other: self.v - other
        if i == 600:
            Number.__radd__ = lambda self, other: 1000
        total += add(n, i)
    return total


print(loop(Number(1), range(900)))
n = Number(5)
changes = []
for i in range(400):
    if i == 100:
        Number.__len__ = lambda self: 0
    if i == 200:
        Number.__bool__ = lambda self: True
    if i == 250:
        del Number.__bool__
    if i == 300:
        Number.__getitem__ = lambda self, k: k * 2
        Number.__contains__ = lambda self, k: k == 1
        Number.__iter__ = lambda self: iter("it")
        Number.__call__ = lambda self, *a: a
        Number.__eq__ = lambda self, other: "eq"
    r = ["true" if n else "false"]
    for f in (lambda: n[3], lambda: 1 in n, lambda: list(n), lambda: n(1, 2), lambda: n == n):
        try:
            r.append(f())
        except TypeError as e:
            r.append("TypeError")
    if not changes or changes[-1][1] != r:
        changes.append((i, r))
print(*changes, sep="\n")


class Meta(type):
    def __instancecheck__(cls, o):
        return "checked" == o

    def __call__(cls, *args):
        return "meta call", args


class WithMeta(metaclass=Meta):
    pass


print([isinstance(x, WithMeta) for x in ("checked", 1)], WithMeta(1, 2))
Meta.__call__ = type.__call__
print(type(WithMeta()).__name__)
