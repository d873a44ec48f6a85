# args: -O
# Under -O asserts go, __debug__ is false, docstrings stay.
from _repeat import repeat


def f(x):
    """doc"""
    assert x > 0, "never"
    if __debug__:
        return "debug"
    return x


def body(out):
    out(f(-1), f.__doc__, __debug__)


repeat(body)
