# super in its forms, diamonds, class cells, __new__, multiple inheritance, classmethods through super, mixins changed late.
from _repeat import repeat


class A:
    def __new__(cls, *a):
        o = super().__new__(cls)
        o.made = cls.__name__
        return o

    def __init__(self, x=0):
        self.log = [f"A{x}"]

    def f(self):
        return ["A"]

    @classmethod
    def c(cls):
        return ["A", cls.__name__]

    @property
    def p(self):
        return "A.p"


class B(A):
    def __init__(self, x=0):
        super().__init__(x)
        self.log.append("B")

    def f(self):
        return ["B"] + super().f()

    @classmethod
    def c(cls):
        return ["B"] + super().c()

    @property
    def p(self):
        return "B." + super().p


class C(A):
    def __init__(self, x=0):
        super(C, self).__init__(x)
        self.log.append("C")

    def f(self):
        return ["C"] + super(C, self).f()


class D(B, C):
    def __init__(self, x=0):
        super().__init__(x)
        self.log.append("D")

    def f(self):
        g = lambda: super(D, self).f()
        return ["D"] + g() + [type(self).__name__, __class__.__name__]


def attempt(f):
    try:
        return f()
    except Exception as e:
        return f"{type(e).__name__}: {e}"


def no_class(self):
    return super().f()


class E(A):
    def late(self):
        self = 5
        return super().f()

    def gone(self):
        del self
        return super().f()


def body(out):
    d = D(3)
    out(d.log, d.f(), d.made, d.c(), D.c(), d.p, [c.__name__ for c in D.__mro__])
    out(attempt(lambda: no_class(1)), attempt(E().late), attempt(E().gone), attempt(lambda: super(B, 5)), attempt(lambda: super(B, d).nope))
    out(super(B, d).f(), super(B, D).c(), super(A, d).__repr__().startswith("<"))


repeat(body)
