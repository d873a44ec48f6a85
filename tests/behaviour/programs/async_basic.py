# Coroutines, async for, async with, async generators and comprehensions, gather, cancellation.
import asyncio

log = []


class Manager:
    async def __aenter__(self):
        await asyncio.sleep(0)
        log.append("enter")
        return self

    async def __aexit__(self, kind, value, traceback):
        await asyncio.sleep(0)
        log.append(f"exit {kind.__name__ if kind else None}")
        return kind is KeyError


class Items:
    def __init__(self, n):
        self.n = n

    def __aiter__(self):
        self.i = 0
        return self

    async def __anext__(self):
        if self.i == self.n:
            raise StopAsyncIteration
        self.i += 1
        if self.i % 2:
            await asyncio.sleep(0)
        return self.i


async def agen(n):
    try:
        for i in range(n):
            await asyncio.sleep(0)
            got = yield i
            if got:
                log.append(f"got {got}")
    finally:
        log.append("agen closed")


async def worker(name, n):
    total = 0
    for i in range(n):
        total += i
        if i % 10 == 0:
            await asyncio.sleep(0)
    return name, total


async def failing():
    await asyncio.sleep(0)
    raise ValueError("from task")


async def cancelled():
    try:
        await asyncio.sleep(100)
    except asyncio.CancelledError:
        log.append("cancelled")
        raise


async def main():
    log.clear()
    results = [await asyncio.gather(*(worker(i, 50) for i in range(5)))]
    async with Manager() as m:
        raise KeyError("swallowed")
    total = 0
    async for x in Items(7):
        if x == 3:
            continue
        total += x
    else:
        total += 1000
    results.append(total)
    results.append([x async for x in agen(5) if x % 2 == 0])
    results.append([[j async for j in Items(k)] for k in range(3)])
    g = agen(5)
    results.append((await anext(g), await g.asend("hello"), await g.asend(None)))
    await g.aclose()
    t = asyncio.create_task(cancelled())
    await asyncio.sleep(0)
    t.cancel()
    results.append(await asyncio.gather(t, failing(), return_exceptions=True))
    try:
        async with asyncio.timeout(None) as limit, Manager():
            limit.reschedule(asyncio.get_running_loop().time() + 0.01)  # on a busy machine entering takes longer
            await asyncio.sleep(10)
    except TimeoutError as e:
        results.append(repr(e))
    async with asyncio.TaskGroup() as tg:
        tasks = [tg.create_task(worker(n, 5)) for n in "ab"]
    results.append([t.result() for t in tasks])
    try:
        async with asyncio.TaskGroup() as tg:
            tg.create_task(failing())
            tg.create_task(cancelled())
    except* ValueError as e:
        results.append([str(x) for x in e.exceptions])
    return results


seen = None
for turn in range(40):
    results = repr((asyncio.run(main()), log))
    if results != seen:
        print(turn, results)
        seen = results
