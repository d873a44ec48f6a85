# inspect on hot functions: signatures, sources, closures, code flags, generator and coroutine states.
import inspect
from _repeat import repeat


def f(a, /, b: int = 2, *c, d=4, **e) -> str:
    """Doc of f."""
    return a


class K:
    def method(self, x):
        return x

    async def co(self):
        return 1

    def gen(self):
        yield 1


def outer():
    v = 5
    def inner():
        return v
    return inner


def body(out):
    for _ in range(3):
        f(1)
        K().method(2)
    out(inspect.signature(f), inspect.signature(K.method), inspect.signature(K().method), inspect.getdoc(f))
    out(inspect.getsource(f).splitlines()[0], inspect.getclosurevars(outer()).nonlocals, inspect.isgeneratorfunction(K.gen), inspect.iscoroutinefunction(K.co))
    g = K().gen()
    states = [inspect.getgeneratorstate(g)]
    next(g)
    states.append(inspect.getgeneratorstate(g))
    list(g)
    states.append(inspect.getgeneratorstate(g))
    c = K().co()
    states.append(inspect.getcoroutinestate(c))
    c.close()
    out(states, f.__code__.co_flags, f.__code__.co_varnames, f.__code__.co_argcount, f.__kwdefaults__, f.__annotations__)
    b = inspect.signature(f).bind(1, 2, 3, d=5, z=6)
    out(b.arguments, b.args, b.kwargs)


repeat(body, 30)
