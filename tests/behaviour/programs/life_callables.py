# What callables and arguments hold while a call runs: bound methods die before it, C functions have their own reference.
import sys
from _repeat import repeat

count = sys.getrefcount


class Noisy:
    log = []

    def __del__(self):
        Noisy.log.append("~")

    def __getattr__(self, name):  # so that a method is looked up as an attribute, and bound
        raise AttributeError(name)

    def method(self):
        del self
        Noisy.log.append("in method")
        return 1

    def with_argument(self, other):
        del self
        Noisy.log.append("in method")
        del other
        Noisy.log.append("after argument")


def bound():
    Noisy().method()
    (Noisy().method)()
    m = [Noisy().method]
    m.pop()()


def bound_with_argument():
    Noisy().with_argument(Noisy())


class Manager:
    """Nothing but the stack holds the object when __enter__ is looked up."""

    def __del__(self):
        Noisy.log.append("~manager")

    @staticmethod
    def __enter__():
        Noisy.log.append("enter")
        return 5

    @staticmethod
    def __exit__(*args):
        Noisy.log.append("exit")


def entered():
    with Manager() as m:
        Noisy.log.append(m)


def local():
    x = object()
    return count(x), sys.getrefcount(x)


def temporary():
    return count(object()), sys.getrefcount(object())


def argument(x):
    return count(x)


def item():
    x = object()
    items = [x, x]
    y = items[0]
    del x
    return count(y), count(items), count(items[1])


def in_loop():
    return [count(x) for x in (object(), object())]


def in_generator():
    x = object()
    yield count(x)
    yield count(x)


def star(*args, **kwargs):
    return count(args), count(args[0]), count(kwargs)


def two(a, b):
    return getattr(a, "nothing", b) is b, count(a), count(b)


def body(out):
    for f in (bound, bound_with_argument, entered):
        Noisy.log.clear()
        f()
        out(f.__name__, *Noisy.log)
    out(local(), temporary(), argument(object()), item(), in_loop(), list(in_generator()))
    out(star(object(), k=1), two(object(), object()))


repeat(body, 60)
