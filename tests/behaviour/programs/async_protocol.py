# Coroutines driven by hand: send, throw, close, awaitables of every kind, cr_ attributes, errors.
import types
import warnings
from _repeat import repeat


class Awaitable:
    def __init__(self, *values):
        self.values = values

    def __await__(self):
        for v in self.values:
            got = yield v
        return got


async def simple(*values):
    return await Awaitable(*values)


async def layered(n):
    if n == 0:
        return await simple("deep", "deeper")
    return await layered(n - 1)


@types.coroutine
def old_style():
    x = yield "old"
    return x


async def uses_old():
    return await old_style()


async def guarded():
    try:
        await Awaitable("wait")
    except ValueError as e:
        return f"caught {e}"
    finally:
        await Awaitable("cleanup")


def drive(c, *sends):
    out = []
    try:
        out.append(c.send(None))
        for s in sends:
            out.append(c.throw(s) if isinstance(s, BaseException) else c.send(s))
    except StopIteration as e:
        out.append(("return", e.value))
    except BaseException as e:
        out.append((type(e).__name__, str(e)))
    c.close()
    return out


async def bad_await():
    await 5


async def agen():
    x = yield 1
    yield x


def body(out):
    out(drive(simple(1, 2, 3), "a", "b", "c"), drive(layered(5), 1, 2), drive(uses_old(), "o"))
    out(drive(guarded(), ValueError("v"), 1), drive(guarded(), 1, 2), drive(guarded(), KeyError("k"), 2))
    out(drive(bad_await()))
    c = layered(2)
    c.send(None)
    out(c.cr_frame.f_lineno - c.cr_code.co_firstlineno, c.cr_await.__name__, c.cr_running)
    c.close()
    for f in (lambda: c.send(None), lambda: drive(c)):
        try:
            out(f())
        except RuntimeError as e:
            out(e)
    g = agen()
    out(drive(g.asend(None)), drive(g.asend("x")), drive(g.asend(None)), drive(g.athrow(ValueError)))
    with warnings.catch_warnings(record=True) as w:
        warnings.simplefilter("always")
        simple()
        out([str(x.message) for x in w])


repeat(body)
