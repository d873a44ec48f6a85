# Every way to pass arguments, and every error message about them.
from _repeat import repeat


def plain(a, b):
    return a, b


def defaults(a, b=2, *, c=3, d):
    return a, b, c, d


def positional(a, b=5, /, c=6):
    return a, b, c


def stars(a, *rest, k=0, **more):
    return a, rest, k, more


def none():
    return "none"


class C:
    def method(self, x, y=1):
        return x, y

    @classmethod
    def cls(cls, x):
        return cls.__name__, x

    @staticmethod
    def static(x, *y):
        return x, y

    def __call__(self, *a, **k):
        return "called", a, k


def attempt(f, *args, **kwargs):
    try:
        return f(*args, **kwargs)
    except TypeError as e:
        return str(e)


def body(out):
    c = C()
    out(plain(1, 2), plain(b=1, a=2), plain(*[1, 2]), plain(**{"a": 1, "b": 2}), plain(1, *(2,)), plain(1, **{"b": 5}))
    out(defaults(1, d=4), defaults(1, 9, d=4, c=8), positional(1), positional(1, 2, 3), positional(1, c=3))
    out(stars(1), stars(1, 2, 3), stars(1, *[2], k=5, z=6), stars(*"abc", **{"x": 1}, y=2), stars(a=1))
    out(c.method(1), c.method(x=1, y=2), C.method(c, 5), c.cls(1), C.cls(2), c.static(1, 2), C.static(3), c(1, a=2), none())
    m = c.method
    out(m(7), m(7, 8), m(*[7], **{"y": 9}))
    for args, kwargs in [((), {}), ((1,), {}), ((1, 2, 3), {}), ((1,), {"a": 2}), ((1, 2), {"z": 3}), ((), {"b": 1})]:
        out(attempt(plain, *args, **kwargs))
    out(attempt(defaults, 1), attempt(defaults), attempt(defaults, 1, 2, 3), attempt(positional, a=1), attempt(positional), attempt(positional, 1, b=2, c=3))
    out(attempt(none, 1), attempt(none, x=1), attempt(c.method), attempt(c.method, 1, 2, 3), attempt(c.cls), attempt(C.static))
    out(attempt(lambda: plain(*5)), attempt(lambda: plain(**5)), attempt(lambda: stars(1, **{1: 2})), attempt(lambda: stars(1, k=1, **{"k": 2})))
    out(attempt(5), attempt(None), attempt("x"), attempt(C, 1), attempt(len), attempt(len, 1, 2), attempt(int, "1", bas=2))


repeat(body)
