# Generators and coroutines made and resumed by compiled code: all that the interpreter's own way shows.

import asyncio
import gc
import sys
import types
import weakref

from _repeat import repeat


def repeated(body):
    repeat(lambda out: out(body()))


class Tree:
    def __init__(self, left, value, right):
        self.left, self.value, self.right = left, value, right

    def __iter__(self):
        if self.left:
            yield from self.left
        yield self.value
        if self.right:
            yield from self.right


def tree(low, high):
    if low >= high:
        return None
    middle = (low + high) // 2
    return Tree(tree(low, middle), middle, tree(middle + 1, high))


TREE = tree(0, 40)


@repeated
def delegation():
    return list(TREE), sum(TREE)


def closure_generator(a, b=2, *, c=3):
    def inner():
        nonlocal a
        a += b
        return a + c

    for _ in range(3):
        yield inner()


def cells(a, b=5):
    total = lambda: a + b  # noqa: E731
    yield total()
    a = 10
    yield total()


@repeated
def cells_and_defaults():
    return list(closure_generator(1)), list(closure_generator(1, c=0)), list(cells(1)), list(cells(1, b=7)), list(cells(b=1, a=2))


def returns(value):
    got = yield 1
    return value, got


def delegates(value):
    result = yield from returns(value)
    yield result


@repeated
def values_sent_and_returned():
    out = []
    generator = delegates("v")
    out.append(next(generator))
    out.append(generator.send("sent"))
    for item in returns("x"):
        out.append(item)
    try:
        generator = returns(())
        generator.send("too early")
    except TypeError as error:
        out.append(str(error))
    return out


def raises(kind):
    yield 1
    raise kind("inside")


def loops_over(kind):
    out = []
    try:
        for item in raises(kind):
            out.append(item)
    except Exception as error:
        out.append((type(error).__name__, str(error), type(error.__cause__).__name__, type(error.__context__).__name__))
        traceback = error.__traceback__
        while traceback:
            out.append((traceback.tb_frame.f_code.co_name, traceback.tb_lineno))
            traceback = traceback.tb_next
    return out


def delegates_to_raising(kind):
    yield from raises(kind)


@repeated
def exceptions():
    out = [loops_over(ValueError), loops_over(StopIteration)]
    for kind in (KeyError, StopIteration):
        try:
            list(delegates_to_raising(kind))
        except Exception as error:
            out.append((type(error).__name__, str(error), repr(error.__cause__)))
    return out


def handled_exceptions():
    out = []
    try:
        yield sys.exc_info()[0]
        raise LookupError("own")
    except LookupError:
        yield sys.exc_info()[0]
        yield sys.exc_info()[0]
    yield sys.exc_info()[0]
    return out


def outer_handled():
    out = []
    generator = handled_exceptions()
    out.append(next(generator))
    try:
        raise ValueError("caller's")
    except ValueError:
        for item in generator:
            out.append((item, sys.exc_info()[0]))
    out.append(sys.exc_info()[0])
    return out


@repeated
def exception_state():
    return outer_handled()


def looks_at_itself(box):
    generator = box[0]
    yield generator.gi_running, generator.gi_frame is sys._getframe(), sys._getframe().f_back.f_code.co_name
    try:
        next(generator)
    except ValueError as error:
        yield str(error)
    yield sys._getframe().f_back.f_code.co_name


def drives(generator):
    out = []
    for item in generator:
        out.append((item, generator.gi_running, generator.gi_frame.f_back, generator.gi_frame.f_lineno))
    out.append((generator.gi_frame, generator.gi_yieldfrom))
    return out


@repeated
def frames():
    box = [None]
    box[0] = looks_at_itself(box)
    return drives(box[0])


def waits():
    try:
        yield 1
        yield 2
    except GeneratorExit:
        yield_from_closed.append("closed")
        raise
    except ValueError as error:
        yield str(error)
    finally:
        yield_from_closed.append("finally")


yield_from_closed = []


def delegating_wait():
    result = yield from waits()
    return result


@repeated
def thrown_and_closed():
    yield_from_closed.clear()
    out = []
    generator = delegating_wait()
    out.append(next(generator))
    out.append(generator.gi_yieldfrom.__name__)
    out.append(generator.throw(ValueError("thrown")))
    generator.close()
    generator = delegating_wait()
    next(generator)
    generator.close()
    try:
        delegating_wait().throw(KeyError("new"))
    except KeyError as error:
        out.append(str(error))
    return out, list(yield_from_closed)


class Noticed:
    deaths = []

    def __init__(self, name):
        self.name = name

    def __del__(self):
        Noticed.deaths.append(self.name)


def drops_argument(argument):
    yield 1
    del argument
    Noticed.deaths.append("after del")
    yield 2


@repeated
def lives_of_arguments():
    Noticed.deaths.clear()
    for _ in drops_argument(Noticed("argument")):
        Noticed.deaths.append("turn")
    abandoned = drops_argument(Noticed("abandoned"))
    next(abandoned)
    del abandoned
    never = drops_argument(Noticed("never started"))
    reference = weakref.ref(never)
    del never
    return list(Noticed.deaths), reference()


async def fibonacci(n):
    if n <= 1:
        return n
    return await fibonacci(n - 1) + await fibonacci(n - 2)


def run(coroutine):
    try:
        while True:
            coroutine.send(None)
    except StopIteration as stop:
        return stop.value


@types.coroutine
def suspends(value):
    got = yield value
    return got


async def awaits_suspension(value):
    return await suspends(value)


async def awaits_running(coroutine):
    return await coroutine


@repeated
def coroutines():
    out = [run(fibonacci(8)), run(awaits_suspension(3))]
    coroutine = awaits_suspension(4)
    out.append(coroutine.send(None))
    out.append((coroutine.cr_running, coroutine.cr_await.__name__, coroutine.cr_frame.f_back))
    try:
        run(awaits_running(coroutine))
    except RuntimeError as error:
        out.append(str(error))
    coroutine.close()
    try:
        coroutine.send(None)
    except RuntimeError as error:
        out.append(str(error))
    return out


async def numbers(n, fail=None):
    for i in range(n):
        if i == fail:
            raise fail_with[0]("in the generator")
        yield i
        await asyncio.sleep(0)


fail_with = [ValueError]


async def nested(n):
    async for i in numbers(n):
        yield i * 10


async def collects(iterable):
    out = []
    async for item in iterable:
        out.append(item)
    else:
        out.append("else")
    return out


async def fails(kind):
    fail_with[0] = kind
    try:
        return await collects(numbers(4, 2))
    except Exception as error:
        names = []
        traceback = error.__traceback__
        while traceback:
            names.append(traceback.tb_frame.f_code.co_name)
            traceback = traceback.tb_next
        return type(error).__name__, str(error), repr(error.__cause__), names


async def leaves_early():
    generator = numbers(5)
    async for item in generator:
        if item == 2:
            break
    first = generator.__anext__()
    second = generator.__anext__()
    out = [await first]
    try:
        await first
    except RuntimeError as error:
        out.append(str(error))
    await generator.aclose()
    try:
        await second
    except StopAsyncIteration as error:
        out.append(repr(error))
    out.append(generator.ag_running)
    return out


async def all_async():
    return (
        await collects(nested(4)),
        await collects(numbers(0)),
        await fails(ValueError),
        await fails(StopIteration),
        await fails(StopAsyncIteration),
        await leaves_early(),
        [x async for x in nested(3) if x],
    )


@repeated
def asynchronous():
    return asyncio.run(all_async())


def too_deep(n):
    yield n
    yield from too_deep(n + 1)


@repeated
def recursion():
    deepest = 0
    try:
        for n in too_deep(0):
            deepest = n
    except RecursionError as error:
        return deepest > 50, str(error)[:32]


def changes_code(a):
    yield "first", a


def other_code(a):
    yield "second", a


def calls_changed(a):
    return list(changes_code(a))


print([calls_changed(1) for _ in range(30)][-1])
original = changes_code.__code__
changes_code.__code__ = other_code.__code__
print([calls_changed(2) for _ in range(3)])
changes_code.__code__ = (lambda a: [("plain", a)]).__code__
print([calls_changed(3) for _ in range(3)])
changes_code.__code__ = original
changes_code.__defaults__ = (7,)
print(list(changes_code()))

sys.set_coroutine_origin_tracking_depth(2)
coroutine = awaits_suspension(1)
print(len(coroutine.cr_origin), coroutine.cr_origin[0][2])
coroutine.close()
sys.set_coroutine_origin_tracking_depth(0)
gc.collect()
