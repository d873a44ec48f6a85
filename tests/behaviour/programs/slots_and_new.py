# Instance creation in all its forms: __init__ with defaults, kwargs, __new__ that returns others, metaclass __call__, slots, no __init__, errors.
from _repeat import repeat


class Plain:
    pass


class Init:
    def __init__(self, a, b=2, *c, d=4, **e):
        self.all = a, b, c, d, e


class Returns:
    def __init__(self):
        return 5


class Other:
    def __new__(cls, n):
        return n if n else super().__new__(cls)

    def __init__(self, n):
        self.inited = True


class Slots:
    __slots__ = ("a", "b")

    def __init__(self, a):
        self.a = a


class Sub(Slots):
    pass


class Int(int):
    def __new__(cls, v, extra):
        o = super().__new__(cls, v)
        o.extra = extra
        return o


class Single:
    instance = None

    def __new__(cls):
        if cls.instance is None:
            cls.instance = super().__new__(cls)
        return cls.instance


class Raises:
    def __init__(self, x):
        self.x = x
        raise ValueError(x)

    def __del__(self):
        dead.append(self.x)


dead = []


def attempt(f, *a, **k):
    try:
        return f(*a, **k)
    except Exception as e:
        return f"{type(e).__name__}: {e}"


def body(out):
    dead.clear()
    out(type(Plain()).__name__, attempt(Plain, 1), Init(1).all, Init(1, 3, 5, d=6, z=7).all, attempt(Init), attempt(Init, 1, a=2))
    out(attempt(Returns), Other(3), Other(0).inited, attempt(Other), Single() is Single())
    s = Slots(1)
    out(s.a, attempt(lambda: s.b), attempt(lambda: setattr(s, "c", 1)), hasattr(s, "__dict__"), hasattr(Sub(1), "__dict__"))
    i = Int(5, "e")
    out(i + 1, i.extra, type(i + 1).__name__, attempt(Raises, 9), dead)
    out([Init(k).all[0] for k in range(5)], object() == object(), attempt(object, 1), list(map(Slots, [1]))[0].a)


repeat(body)
