# Context variables, thread-local state and exceptions in progress, across generators that interleave.
import contextvars
import sys
from _repeat import repeat

var = contextvars.ContextVar("var", default="none")


def handling(name):
    try:
        raise ValueError(name)
    except ValueError:
        yield str(sys.exc_info()[1])
        yield str(sys.exc_info()[1])
    yield str(sys.exc_info()[1])


def not_handling():
    while True:
        yield str(sys.exc_info()[1])


def setter(value):
    token = var.set(value)
    yield var.get()
    var.reset(token)
    yield var.get()


def body(out):
    a, b, n = handling("a"), handling("b"), not_handling()
    out(next(a), next(b), next(n), sys.exc_info()[1])
    try:
        raise KeyError("outer")
    except KeyError:
        out(next(a), next(n), next(b), repr(sys.exc_info()[1]))
        out(next(a), next(b))
        try:
            raise TypeError("inner")
        except TypeError as e:
            out(next(n), repr(e.__context__))
    out(next(n), sys.exc_info())
    s = setter(1)
    out(next(s), var.get(), next(s), var.get())
    c = contextvars.copy_context()
    g = setter(2)
    out(c.run(next, g), var.get(), c[var])
    try:
        next(g)
    except ValueError as e:
        out("different context" in str(e))


repeat(body)
