# Async generators: hooks, aclose while running, finalization by the loop, athrow, asend on exhausted, break out of async for.
import asyncio
import sys

log = []


async def agen(name):
    try:
        for i in range(5):
            yield i
            await asyncio.sleep(0)
    except GeneratorExit:
        log.append(f"{name} exit")
        raise
    finally:
        log.append(f"{name} finally")
        await asyncio.sleep(0)
        log.append(f"{name} after await")


async def broken():
    async for x in agen("broken"):
        if x == 2:
            break
    log.append("left")


async def thrown():
    g = agen("thrown")
    await anext(g)
    try:
        await g.athrow(KeyError("k"))
    except KeyError as e:
        log.append(repr(e))
    try:
        await anext(g)
    except StopAsyncIteration:
        log.append("exhausted")


async def concurrent():
    g = agen("concurrent")
    a = asyncio.create_task(anext(g))
    await a
    t1 = asyncio.create_task(anext(g))
    t2 = asyncio.create_task(anext(g))
    r = await asyncio.gather(t1, t2, return_exceptions=True)
    log.append([x if isinstance(x, int) else type(x).__name__ for x in r])
    await g.aclose()


async def comprehension():
    return [x async for x in agen("c") if x % 2], sum([y async for y in agen("d")])


async def ignores():
    try:
        yield 1
    except GeneratorExit:
        yield 2


async def main():
    await broken()
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    await thrown()
    await concurrent()
    log.append(await comprehension())
    g = ignores()
    await anext(g)
    try:
        await g.aclose()
    except RuntimeError as e:
        log.append(str(e))
    await asyncio.sleep(0)


seen = None
for turn in range(40):
    log.clear()
    asyncio.run(main())
    if log != seen:
        print(turn, *log, sep="\n")
        seen = list(log)
print(sys.get_asyncgen_hooks())
