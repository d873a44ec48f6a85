# Reflected operators, NotImplemented, subclasses first, __bool__ and __len__.
from _repeat import repeat

log = []


class Base:
    def __init__(self, name):
        self.name = name

    def __add__(self, other):
        log.append(f"{self.name}.add")
        return NotImplemented

    def __radd__(self, other):
        log.append(f"{self.name}.radd")
        return f"radd {self.name}"

    def __lt__(self, other):
        log.append(f"{self.name}.lt")
        return NotImplemented

    def __gt__(self, other):
        log.append(f"{self.name}.gt")
        return "gt result"

    def __eq__(self, other):
        log.append(f"{self.name}.eq")
        return NotImplemented


class Derived(Base):
    def __radd__(self, other):
        log.append(f"{self.name}.derived radd")
        return super().__radd__(other)


class Truth:
    def __init__(self, value):
        self.value = value

    def __bool__(self):
        return self.value


class Sized:
    def __len__(self):
        return 0


class Matrix:
    def __matmul__(self, other):
        return "matmul"

    def __neg__(self):
        return "neg"

    def __invert__(self):
        return "invert"

    def __contains__(self, item):
        return item == 3

    def __getitem__(self, key):
        return key


def add(a, b):
    return a + b


def body(out):
    log.clear()
    b, d = Base("b"), Derived("d")
    out(add(b, d), add(1, b), add(d, b))
    out(b < d, b == d, b != d)
    out(log)
    try:
        Base.__radd__ = lambda self, other: NotImplemented
        add(b, 1)
    except TypeError as e:
        out(e)
    finally:
        Base.__radd__ = original
    out([("T" if t else "F") for t in (Truth(True), Truth(False), Sized(), [], [0], "", None, 0.0)])
    try:
        if Truth(1):
            out("never")
    except TypeError as e:
        out(e)
    m = Matrix()
    out(m @ m, -m, ~m, 3 in m, 4 not in m, m[1:2, ...], m[None])


original = Base.__radd__
repeat(body)
