# When arguments die: as soon as the callee drops them, for every way to call, hot and cold.
import functools
import operator
import weakref
from _repeat import repeat

log = []


class Noisy:
    def __init__(self, name):
        self.name = name

    def __del__(self):
        log.append(f"del {self.name}")


def drop(x):
    del x
    log.append("dropped")


def replace(x, y=None):
    x = None
    log.append("replaced")
    return y


def keywords(*, x, **rest):
    del x
    log.append("kw dropped")
    rest.clear()
    log.append("rest cleared")


def starred(first, *rest):
    del rest
    log.append("rest dropped")
    del first
    log.append("first dropped")


def nested(x):
    return drop(x) or x.name


def generator(x):
    del x
    log.append("started")
    yield


def captured(x):
    def inner():
        return x

    del x
    log.append("cell emptied")
    return inner


class Class:
    def __init__(self, x):
        del x
        log.append("init")

    def method(self, x, y=1):
        del x
        log.append("method")
        return self

    @staticmethod
    def static(x):
        del x
        log.append("static")

    @classmethod
    def cls(cls, x):
        del x
        log.append("class")

    def __add__(self, other):
        del other
        log.append("add")
        return self

    def __call__(self, x):
        del x
        log.append("call")



def recursive(x, n):
    if n:
        return recursive(x, n - 1)
    r = weakref.ref(x)
    del x
    return r() is None


def body(out):
    log.clear()
    drop(Noisy("a"))
    replace(Noisy("b"))
    replace(Noisy("c"), Noisy("d"))
    replace(y=1, x=Noisy("e"))
    keywords(x=Noisy("f"), z=Noisy("g"))
    starred(Noisy("h"), Noisy("i"), Noisy("j"))
    nested(Noisy("k"))
    next(generator(Noisy("l")))
    captured(Noisy("m"))
    c = Class(Noisy("n"))
    c.method(Noisy("o")).method(Noisy("p"), 2)
    Class.static(Noisy("q"))
    c.cls(Noisy("r"))
    c + Noisy("s")
    c(Noisy("t"))
    f = c.method
    f(Noisy("v"))
    (lambda x: drop(x))(Noisy("w"))
    drop(*[Noisy("x")])
    functools.partial(drop)(Noisy("y"))
    operator.methodcaller("method", Noisy("z"))(c)
    list(map(drop, (Noisy(i) for i in range(2))))
    sorted([Noisy("s1"), Noisy("s2")], key=lambda x: drop(x) or 0)
    out(*log)
    log.clear()
    out(recursive(Noisy("deep"), 3), *log)


repeat(body, turns=50)
