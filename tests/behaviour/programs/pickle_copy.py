# pickle, copy, __reduce__, __getstate__, __slots__, recursive structures, functions by name.
import copy
import copyreg
import pickle
from _repeat import repeat


class Plain:
    def __init__(self, a):
        self.a = a
        self.me = self


class State:
    def __init__(self, n):
        self.n, self.cache = n, object()

    def __getstate__(self):
        return {"n": self.n}

    def __setstate__(self, s):
        self.__dict__.update(s, restored=True)


class Slots:
    __slots__ = ("x", "y")


class Reduced:
    def __init__(self, *a):
        self.a = a

    def __reduce__(self):
        return Reduced, self.a, {"extra": len(self.a)}


class New:
    def __new__(cls, v):
        o = super().__new__(cls)
        o.v = v
        return o

    def __getnewargs__(self):
        return (self.v,)


def function(x):
    return x + 1


def body(out):
    for protocol in range(6):
        p = pickle.loads(pickle.dumps(Plain([1, 2]), protocol))
        s = pickle.loads(pickle.dumps(State(5), protocol))
        r = pickle.loads(pickle.dumps(Reduced(1, 2), protocol))
        out(p.a, p.me is p, s.n, s.restored, hasattr(s, "cache"), r.a, r.extra)
    x = Slots()
    x.x = 1
    y = copy.copy(x)
    out(y.x, hasattr(y, "y"), pickle.loads(pickle.dumps(x)).x, copy.deepcopy(New([1])).v)
    out(pickle.loads(pickle.dumps(function)) is function, pickle.loads(pickle.dumps([len, dict, Plain.__init__])) == [len, dict, Plain.__init__])
    for bad in (lambda: 1, (i for i in ())):
        try:
            pickle.dumps(bad)
        except (pickle.PicklingError, AttributeError, TypeError) as e:
            out(type(e).__name__)
    l = [1]
    l.append(l)
    m = copy.deepcopy(l)
    out(m[1] is m, m is not l)


repeat(body, 40)
