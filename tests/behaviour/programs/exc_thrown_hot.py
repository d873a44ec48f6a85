# Exceptions thrown into suspended code, closing, and the ends of asynchronous loops, often enough to be compiled.
import asyncio
import contextlib
import gc
import sys
from _repeat import repeat


def run(coroutine):
    try:
        while True:
            coroutine.send(None)
    except StopIteration as e:
        return e.value


def where(e):
    tb, names = e.__traceback__, []
    while tb is not None:
        names.append((tb.tb_frame.f_code.co_name, tb.tb_lineno - tb.tb_frame.f_code.co_firstlineno))
        tb = tb.tb_next
    return names


class Noisy:
    log = []

    def __init__(self, name):
        self.name = name

    def __del__(self):
        self.log.append(self.name)


def catches():
    got = None
    while True:
        try:
            got = yield got
        except ValueError as e:
            got = ("value", e.args, sys.exc_info()[1] is e)
        except KeyError:
            return "left"
        finally:
            Noisy.log.append("finally")


def delegates():
    result = yield from catches()
    yield ("delegated", result)


def ignores():
    try:
        yield 1
    except GeneratorExit:
        yield 2


def closes():
    held = Noisy("held")
    try:
        yield 1
    except GeneratorExit:
        Noisy.log.append("exit")
        raise
    finally:
        Noisy.log.append("finally")


def quiet():
    yield 1
    yield 2


def raises_stop():
    try:
        yield 1
    except ValueError:
        raise StopIteration("inside")


def thrown(out):
    Noisy.log.clear()
    for make in (catches, delegates):
        g = make()
        next(g)
        out(g.throw(ValueError(1)), g.send("sent"), g.throw(ValueError, 2))
        try:
            out(g.throw(KeyError("k")))
        except StopIteration as e:
            out("stopped", e.value, e.__context__)
        try:
            g.throw(OSError("over"))
        except OSError as e:
            out(where(e))
    g = catches()
    try:
        g.throw(ValueError("before its start"))
    except ValueError as e:
        out(where(e))
    g = ignores()
    next(g)
    try:
        g.close()
    except RuntimeError as e:
        out(e)
    g = raises_stop()
    next(g)
    try:
        g.throw(ValueError("v"))
    except RuntimeError as e:
        out(e, repr(e.__cause__), repr(e.__cause__.__context__), where(e))
    for make in (closes, quiet):
        g = make()
        next(g)
        out(g.close(), Noisy.log)
        g = make()
        next(g)
        del g
        out(Noisy.log)
        Noisy.log.clear()
    g = quiet()
    next(g)
    try:
        raise TypeError("handled outside")
    except TypeError:
        try:
            g.throw(ValueError("inner"))
        except ValueError as e:
            out(repr(e.__context__), where(e))


@contextlib.contextmanager
def manager(log, swallow):
    log.append("enter")
    try:
        yield log
    except KeyError as e:
        log.append(repr(e))
        if not swallow:
            raise
    finally:
        log.append("leave")


def managers(out):
    log = []
    with manager(log, True):
        raise KeyError("a")
    try:
        with manager(log, False):
            raise KeyError("b")
    except KeyError as e:
        log.append(where(e)[0])
    try:
        with manager(log, True):
            raise ValueError("c")
    except ValueError as e:
        log.append(len(where(e)))
    with contextlib.suppress(IndexError), contextlib.ExitStack() as stack:
        stack.callback(log.append, "callback")
        [].pop()
    out(log)


async def numbers(n):
    for i in range(n):
        yield i


class Ends:
    """An asynchronous iterator whose __anext__ is a coroutine function."""

    def __init__(self, n):
        self.n = n

    def __aiter__(self):
        return self

    async def __anext__(self):
        if self.n == 0:
            ends = Noisy("frame")
            raise StopAsyncIteration(ends)
        self.n -= 1
        return self.n


class Wakes:
    """What is awaited yields first."""

    def __init__(self, value):
        self.value = value

    def __await__(self):
        got = yield "pause"
        if self.value is None:
            raise StopAsyncIteration
        return self.value


class Plain(Ends):
    def __anext__(self):
        self.n -= 1
        return Wakes(self.n if self.n >= 0 else None)


class Broken(Ends):
    async def __anext__(self):
        raise ValueError("broken")


async def loops():
    seen = []
    for make in (numbers, Ends, Plain):
        total = 0
        async for i in make(3):
            total += i
        else:
            seen.append(("else", total))
        seen.append((make.__name__, total, sys.exc_info()))
        async for i in make(2):
            if i == 1:
                break
        try:
            raise KeyError("handled")
        except KeyError as e:
            async for i in make(1):
                seen.append(sys.exc_info()[1] is e)
            seen.append(sys.exc_info()[1] is e)
    seen.append(list(Noisy.log))
    try:
        async for i in Broken(1):
            pass
    except ValueError as e:
        seen.append(where(e))
    seen.append([x async for x in numbers(4) if x % 2])
    return seen


async def raises_inside():
    try:
        async for i in numbers(3):
            if i:
                raise StopAsyncIteration("from the body")
    except StopAsyncIteration as e:
        return repr(e), where(e)


async def nested():
    found = []
    async for i in numbers(2):
        async for j in Plain(2):
            async for k in Ends(1):
                found.append((i, j, k))
    return found


async def waits():
    try:
        await asyncio.sleep(10)
    except asyncio.CancelledError as e:
        return "cancelled", where(e)[0]


async def agen_caught():
    try:
        yield 1
        yield 2
    except ValueError as e:
        yield repr(e)
    finally:
        Noisy.log.append("agen finally")


async def asynchronous():
    g = agen_caught()
    first = await g.__anext__()
    second = await g.athrow(ValueError("thrown"))
    await g.aclose()
    task = asyncio.ensure_future(waits())
    await asyncio.sleep(0)
    task.cancel()
    return first, second, await task, Noisy.log


def body(out):
    thrown(out)
    managers(out)
    Noisy.log.clear()
    for line in run(loops()):
        out(line)
    out(run(raises_inside()))
    out(run(nested()))
    Noisy.log.clear()


repeat(body, 400)
loop = asyncio.new_event_loop()


def with_loop(out):
    Noisy.log.clear()
    out(loop.run_until_complete(asynchronous()))


repeat(with_loop, 400)
loop.close()
gc.collect()


async def traced():
    return [x async for x in numbers(2)]


def trace(out):
    events = []

    def tracer(frame, event, arg):
        events.append((frame.f_code.co_name, event, arg[0].__name__ if event == "exception" else None))
        return tracer

    sys.settrace(tracer)
    run(traced())
    sys.settrace(None)
    out(events)


repeat(trace, 20)
