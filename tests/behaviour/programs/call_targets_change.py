# One call site that sees functions, bound methods, classes, builtins, partials, callables, staticmethods, and errors.
import functools
from _repeat import repeat


class K:
    def __init__(self, *a):
        self.a = a

    def __repr__(self):
        return f"K{self.a}"

    def method(self, *a):
        return "method", a

    @classmethod
    def cm(cls, *a):
        return "classmethod", a

    @staticmethod
    def sm(*a):
        return "staticmethod", a


class Callable:
    def __call__(self, *a):
        return "called", a


def function(x):
    return "function", x


def defaults(x, y="default"):
    return x, y


def call(f, x):
    return f(x)


def call_keyword(f, x):
    return f(y=x)


def generator(x):
    yield x


async def coroutine(x):
    return x


def body(out):
    targets = [function, defaults, K, K().method, K.cm, K.sm, Callable(), len, str, "{}".format, functools.partial(defaults, y=3), lambda x: ("lambda", x),
               [].append, dict, type, int, K.method, Callable.__call__, generator, repr]
    for turn in range(3):
        for f in targets:
            try:
                r = call(f, "12")
                out(r if not hasattr(r, "gi_frame") else list(r))
            except (TypeError, ValueError) as e:
                out(e)
    for f in (defaults, lambda y: y, dict, 5, None, functools.partial(defaults, 1)):
        try:
            out(call_keyword(f, 2))
        except (TypeError, ValueError) as e:
            out(e)
    c = coroutine(1)
    c.close()


repeat(body, 30)
