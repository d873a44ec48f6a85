# Stacks of decorators, wrappers with *args and **kwargs, caching, context manager decorators, descriptors as decorators, class decorators.
import contextlib
import functools
from _repeat import repeat


def logged(tag):
    def deco(f):
        @functools.wraps(f)
        def wrapper(*args, **kwargs):
            log.append((tag, args, kwargs))
            try:
                return f(*args, **kwargs)
            except Exception as e:
                log.append((tag, type(e).__name__))
                raise
            finally:
                log.append((tag, "done"))
        return wrapper
    return deco


class Memo:
    def __init__(self, f):
        self.f, self.cache = f, {}
        functools.update_wrapper(self, f)

    def __call__(self, *a):
        if a not in self.cache:
            self.cache[a] = self.f(*a)
        return self.cache[a]

    def __get__(self, o, owner=None):
        return functools.partial(self, o) if o is not None else self


@contextlib.contextmanager
def around(name):
    log.append(f"<{name}")
    yield
    log.append(f"{name}>")


log = []


@logged("outer")
@logged("inner")
def work(a, b=2, *, c=3):
    return a / b + c


@Memo
def fib(n):
    return n if n < 2 else fib(n - 1) + fib(n - 2)


@around("block")
def blocked(x):
    return x + 1


def counted(cls):
    cls.count = 0
    original = cls.__init__
    @functools.wraps(original)
    def init(self, *a, **k):
        cls.count += 1
        original(self, *a, **k)
    cls.__init__ = init
    return cls


@counted
class Thing:
    def __init__(self, v=1):
        self.v = v

    @Memo
    def double(self):
        return self.v * 2

    @functools.singledispatchmethod
    def kind(self, x):
        return "other"

    @kind.register
    def _(self, x: int):
        return "int"


def body(out):
    log.clear()
    Thing.count = 0
    fib.cache.clear()
    out(work(4), work(1, b=2, c=0))
    try:
        work(1, 0)
    except ZeroDivisionError as e:
        out(e, len(log))
    out(fib(40), len(fib.cache), blocked(1), log[-2:])
    t = Thing(4)
    out(t.double(), t.double(), Thing.count, t.kind(1), t.kind("x"), [Thing(i).v for i in range(3)], Thing.count)
    Thing.double.cache.clear()


repeat(body, 40)
