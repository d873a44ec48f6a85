# Chains of generators that wait for each other: what is seen from inside, how values, exceptions and ends go up.

import gc
import inspect
import sys
import traceback
import types
import weakref

from _repeat import repeat


def repeated(body):
    repeat(body, 50)


def chain(depth, leaf):
    """Yields what `leaf` yields, from `depth` generators further in; returns the way back."""
    local = f"level {depth}"
    if depth:
        got = yield from chain(depth - 1, leaf)
    else:
        got = yield from leaf
    return f"{got} {local[6:]}"


def stack_above():
    frame = sys._getframe(1)
    lines = []
    while frame is not None and frame.f_code.co_name in ("chain", "watching", "steps"):
        local = frame.f_locals.get("local", "-")
        lasti = frame.f_lasti if local != "-" else None
        lines.append((frame.f_code.co_name, frame.f_lineno - frame.f_code.co_firstlineno, lasti, local))
        frame = frame.f_back
    return lines


@repeated
def frames_inside(out):
    def watching():
        for i in range(4):
            yield len(stack_above()), stack_above() if i == 3 else None
        return "end"

    top = chain(3, watching())
    try:
        while True:
            out(next(top))
    except StopIteration as stop:
        out(stop.value)


@repeated
def states(out):
    generators = []

    def spied():
        for _ in range(3):
            yield [(g.gi_running, g.gi_suspended, g.gi_yieldfrom is None, inspect.getgeneratorstate(g)) for g in generators]

    def link(inner):
        yield from inner

    inner = spied()
    for _ in range(3):
        inner = link(inner)
        generators.append(inner)
    for seen in inner:
        out(seen)
        out([(g.gi_running, g.gi_suspended, type(g.gi_yieldfrom).__name__, g.gi_frame.f_lineno - 65) for g in generators])
    out([g.gi_frame for g in generators])


@repeated
def values_sent(out):
    def echo():
        got = []
        for i in range(4):
            got.append((yield i))
        return got

    top = chain(4, echo())
    out(next(top), top.send(None), top.send("x"), next(top))
    try:
        top.send([1])
    except StopIteration as stop:
        out(stop.value)
    try:
        next(top)
    except StopIteration as stop:
        out(stop.value)


def bare(error):
    lines = []
    for frame, line in traceback.walk_tb(error.__traceback__):
        lines.append((frame.f_code.co_name, line - frame.f_code.co_firstlineno))
    return type(error).__name__, str(error), lines


@repeated
def errors_through(out):
    def failing(when, error):
        for i in range(5):
            if i == when:
                raise error
            yield i

    def catching(inner):
        try:
            yield from inner
        except KeyError as error:
            yield bare(error)
        except StopIteration:
            yield "never"
        finally:
            yield "finally"
        yield "after"

    def link(inner):
        yield from inner

    for when in range(5):
        for kind in (KeyError, ValueError, StopIteration, GeneratorExit):
            top = link(catching(link(link(failing(when, kind(when))))))
            try:
                for value in top:
                    out(value)
            except BaseException as error:
                out(bare(error), repr(error.__cause__), repr(error.__context__))


@repeated
def thrown_and_closed(out):
    def leaf(log):
        try:
            while True:
                try:
                    yield len(log)
                except LookupError as error:
                    log.append(bare(error))
        finally:
            log.append("closed")

    log = []
    top = chain(3, leaf(log))
    out(next(top), next(top), top.throw(KeyError("k")), next(top), next(top))
    top.close()
    out(log, top.gi_frame)
    log = []
    top = chain(3, leaf(log))
    next(top), next(top)
    try:
        top.throw(ZeroDivisionError("z"))
    except ZeroDivisionError as error:
        out(bare(error), log)
    log = []
    top = chain(2, leaf(log))
    next(top), next(top)
    del top
    out(log)


@repeated
def resumed_from_inside(out):
    def leaf():
        yield 1
        try:
            next(top)
        except ValueError as error:
            yield str(error)
        try:
            top.close()
        except ValueError as error:
            yield str(error)
        yield 2

    top = chain(3, leaf())
    out(list(top))


@repeated
def exceptions_being_handled(out):
    def handling(inner, name):
        try:
            raise KeyError(name)
        except KeyError:
            yield from inner
            yield repr(sys.exception())
        yield repr(sys.exception())

    def leaf():
        for i in range(2):
            yield repr(sys.exception())
        try:
            1 / 0
        except ZeroDivisionError as error:
            yield repr(error.__context__)

    top = handling(chain(1, handling(leaf(), "inner")), "outer")
    try:
        raise OSError("around")
    except OSError:
        out(list(top), repr(sys.exception()))
    top = handling(chain(1, handling(leaf(), "inner")), "outer")
    out(list(top), repr(sys.exception()))


@repeated
def other_receivers(out):
    class Own:
        def __init__(self):
            self.left = 3

        def __iter__(self):
            return self

        def __next__(self):
            self.left -= 1
            if self.left < 0:
                raise StopIteration("own")
            if self.left == 1:
                gc.collect(0)
            return self.left

    def many():
        got = []
        for inner in (range(3), [1, 2, 3], "ab", Own(), iter({}), (x * x for x in range(3)), map(str, (1, 2))):
            got.append((yield from inner))
        return got

    out(list(chain(2, many())))
    top = chain(2, many())
    try:
        while True:
            next(top)
    except StopIteration as stop:
        out(stop.value)


@repeated
def when_things_die(out):
    class Told:
        def __init__(self, name):
            self.name = name

        def __del__(self):
            told.append((self.name, sys._getframe(1).f_code.co_name, sys._getframe(1).f_lineno - first))

    def holds(name, inner):
        mine = Told(name)
        yield from inner
        told.append(name + " goes on")
        yield mine.name

    def leaf():
        mine = Told("leaf")
        yield "x"
        yield "y"
        return mine

    first = sys._getframe().f_lineno
    told = []
    for value in holds("a", holds("b", holds("c", leaf()))):
        told.append(value)
    out(told)
    told = []
    top = holds("a", holds("b", leaf()))
    next(top), next(top)
    reference = weakref.ref(top)
    del top
    out(told, reference() is None)


@repeated
def traced_from_inside(out):
    events = []

    def tracer(frame, event, arg):
        if frame.f_code.co_name in ("chain", "leaf"):
            events.append((frame.f_code.co_name, event, frame.f_lineno - frame.f_code.co_firstlineno))
        return tracer

    def leaf():
        yield 1
        yield 2
        frame = sys._getframe()
        while frame.f_code.co_name in ("leaf", "chain"):
            frame.f_trace = tracer
            frame = frame.f_back
        sys.settrace(tracer)
        yield 3
        yield 4

    top = chain(2, leaf())
    try:
        for value in top:
            events.append(value)
    finally:
        sys.settrace(None)
    out(events)


@repeated
def too_deep(out):
    def deep(n):
        if n:
            yield from deep(n - 1)
        for _ in range(3):
            yield n

    limit = sys.getrecursionlimit()
    top = deep(60)
    out(next(top), next(top))
    frame, depth = sys._getframe(), 0
    while frame is not None:
        frame, depth = frame.f_back, depth + 1
    for more in (30, 57, 66, 70):
        fresh = deep(60)
        next(fresh), next(fresh)
        try:
            sys.setrecursionlimit(depth + more)
            try:
                got = next(fresh)
            except RecursionError as error:
                got = str(error)
        finally:
            sys.setrecursionlimit(limit)
        out(more, got, fresh.gi_frame is None)
    out(sum(top))


@types.coroutine
def pause(value):
    return (yield value)


async def awaits(depth, log):
    log.append(f"in {depth}")
    if depth:
        got = await awaits(depth - 1, log)
    else:
        got = []
        for i in range(3):
            got.append(await pause(i))
    log.append(f"out {depth}")
    return got


@repeated
def coroutines(out):
    log = []
    top = awaits(3, log)
    out(top.send(None), top.cr_await is not None, top.send("a"), top.send(None))
    try:
        top.send("c")
    except StopIteration as stop:
        out(stop.value, log)
    top = awaits(3, [])
    top.send(None), top.send(None)
    out(top.cr_running, top.cr_suspended, type(top.cr_await).__name__)
    try:
        top.throw(OSError("o"))
    except OSError as error:
        out(bare(error))
    try:
        top.send(None)
    except RuntimeError as error:
        out(error)
    top = awaits(2, [])
    top.send(None), top.send(None)
    top.close()


@repeated
def asynchronous_generators(out):
    log = []

    async def numbers(n):
        try:
            for i in range(n):
                await pause(("inner", i))
                yield i
        finally:
            await pause("closing")

    async def doubled(n):
        async for i in numbers(n):
            await pause("outer")
            yield 2 * i

    async def use():
        return [i async for i in doubled(4)]

    top = use()
    try:
        while True:
            log.append(top.send(None))
    except StopIteration as stop:
        out(log, stop.value)
