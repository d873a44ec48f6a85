"""Coroutines and asynchronous generators, driven by hand and by asyncio."""

from __future__ import annotations

from builder import Builder
from expressions import expression
from statements import ROWS, Row, body, initialize, shallow

HELPERS = """class Pause(Base):
    def __init__(self, value): self.value = value
    def __await__(self): return (yield self.value)
class Lock(Base):
    def __init__(self, swallows=()): self.swallows = swallows
    async def __aenter__(self):
        return await Pause('enter')
    async def __aexit__(self, kind, error, where):
        log('aexit', kind)
        await Pause('exit')
        return kind is not None and issubclass(kind, self.swallows)
def run(coroutine, answers=(), errors=()):
    out = []
    try:
        x = None
        for i in range(30):
            if i in errors: out.append(coroutine.throw(ValueError('thrown')))
            else: out.append(coroutine.send(x))
            x = i
    except StopIteration as stop:
        out.append(('returned', stop.value))
    except BaseException as error:
        out.append(describe(error))
    finally:
        coroutine.close()
    return out"""


def in_coroutine(b: Builder) -> bool:
    return b.scope.flavour in ("coroutine", "asyncgen")


def wait(b: Builder) -> None:
    form = b.number(0, 4)
    if form < 3:
        b.line(f"{b.assignable('any')} = await Pause({expression(b, 'int', 1)})")
    elif form == 3:
        with b.block(f"async with Lock({b.pick(('', 'ValueError', 'Exception'))}):"), b.nested():
            body(b, 1, 2)
    else:
        with b.block("async for item in ticks(3):"), b.loop(3):
            b.scope.variables["item"] = "int"
            body(b, 0, 1)


def yield_async(b: Builder) -> None:
    b.line(b.pick((f"yield {expression(b, 'int', 1)}", f"{b.assignable('any')} = yield {expression(b, 'any', 1)}")))


ROWS += [
    Row(5, wait, lambda b: in_coroutine(b) and shallow(b)),
    Row(5, yield_async, lambda b: b.scope.flavour == "asyncgen"),
]


def begin(b: Builder) -> None:
    if "async" in b.subjects:
        return
    b.subjects.add("async")
    for line in HELPERS.splitlines():
        b.line(line)
    with b.block("async def ticks(n):"), b.inside("asyncgen", {"n": "int"}):
        with b.block("for i in range(n):"):
            b.line(b.pick(("await Pause(('tick', i))", "pass", "if i == 2: await Pause(0)")))
            b.line(b.pick(("yield i", "yield i * 1.5", "x = yield i; log('sent', x)")))


def coroutine(b: Builder) -> None:
    begin(b)
    names: list[str] = []
    for _ in range(b.number(1, 3)):
        name = b.fresh("co")
        with b.block(f"async def {name}(a0=1):"), b.inside("coroutine", {"a0": "int"}):
            initialize(b)
            wait(b)
            body(b, 1, 3)
            if names:
                with b.block("try:"):
                    b.line(f"got = await {b.pick(names)}(a0)")
                with b.block(f"except {b.pick(('ValueError', 'Exception'))} as error:"):
                    b.line("got = describe(error)")
                b.line(b.pick(("log(got)", "pass", "return got, a0")))
            wait(b)
            b.line(f"return {expression(b, 'any', 1)}")
        names.append(name)
    for name in names:
        errors = b.pick(("()", "(2,)", "(i % 5,)", "(1, 3)"))
        b.line(f"for i in range({b.number(8, 20)}): attempt('{name}', lambda: run({name}(i), (), {errors}))")
    if b.chance(0.3):
        b.line(f"attempt('forgotten', lambda: {names[-1]}(1) and None)")


def asynchronous_generator(b: Builder) -> None:
    begin(b)
    name = b.fresh("ag")
    with b.block(f"async def {name}(a0=1):"), b.inside("asyncgen", {"a0": "int"}):
        initialize(b)
        with b.block("try:"), b.nested():
            body(b, 1, 3)
            yield_async(b)
            wait(b)
            yield_async(b)
        with b.block(f"except {b.pick(('ValueError', 'GeneratorExit', 'KeyError'))} as error:"), b.nested():
            b.line("log('in', error)")
            b.line(b.pick(("raise", "return", "yield 'again'")))
        with b.block("finally:"), b.nested():
            b.line("log('finally')")
            b.line(b.pick(("pass", "await Pause('late')")))
    user = b.fresh("co")
    with b.block(f"async def {user}(n):"):
        b.line(f"it = {name}(n)")
        b.line("out = []")
        with b.block("try:"):
            for _ in range(b.number(1, 4)):
                step = b.pick(("it.asend(None)", "it.__anext__()", "it.asend(n)", "it.athrow(ValueError('a'))", "it.aclose()"))
                b.line(b.pick((f"out.append(await {step})", "async for x in it:\n            out.append(x)\n            if len(out) > 4: break")))
            b.line("out += [x async for x in it if x]")
        with b.block("except BaseException as error:"):
            b.line("out.append(describe(error))")
        b.line(b.pick(("await it.aclose()", "pass", "del it")))
        b.line("return out")
    b.line(f"for i in range({b.number(6, 18)}): attempt('{user}', lambda: run({user}(i)))")


def event_loop(b: Builder) -> None:
    """Under asyncio: tasks, gather, cancellation; no times but zero."""
    begin(b)
    name = b.fresh("task")
    with b.block(f"async def {name}(n, queue):"):
        b.line("total = 0")
        with b.block("try:"):
            with b.block("for i in range(n):"):
                b.line(b.pick(("await asyncio.sleep(0)", "await queue.put(i)", "total += await helper(i)")))
                b.line("total += i")
                with b.block(f"if i == {b.number(3, 9)}:"):
                    b.line(b.pick(("raise ValueError(i)", "return 'early'", "asyncio.current_task().cancel()", "pass")))
        with b.block("finally:"):
            b.line("log('task', n, total)")
        b.line("return total")
    with b.block("async def helper(x):"):
        b.line(b.pick(("await asyncio.sleep(0)", "pass")))
        b.line("return x * 2")
    main = b.fresh("main")
    with b.block(f"async def {main}(n):"):
        b.line("queue = asyncio.Queue()")
        b.line(f"done = await asyncio.gather(*[{name}(i, queue) for i in range(n)], return_exceptions={b.pick(('True', 'True', 'False'))})")
        b.line("left = [queue.get_nowait() for _ in range(queue.qsize())]")
        b.line("return done, left")
    b.line(f"for i in range({b.number(3, 10)}): attempt('{main}', lambda: asyncio.run({main}(i)))")


SUBJECTS = [coroutine, asynchronous_generator, event_loop]
