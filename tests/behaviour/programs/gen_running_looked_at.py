# What a generator waits for, asked while it runs: it stands at a call, whose cache the interpreter takes for an instruction.
import asyncio

results = {}


def note(key, value):
    results[key] = results.get(key, {})
    results[key][str(value)] = results[key].get(str(value), 0) + 1


def plain():
    while True:
        look_at_generator()
        yield


def look_at_generator():
    note("gi_yieldfrom", running.gi_yieldfrom)
    try:
        running.close()
    except ValueError as error:
        note("close", error)
    try:
        running.throw(KeyError)
    except ValueError as error:
        note("throw", error)


def outer():
    while True:
        yield from inner()


def inner():
    look_at_outer()
    yield 1
    yield 2


def look_at_outer():
    note("outer waits for", type(running.gi_yieldfrom))


async def worker():
    for _ in range(20000):
        look_at_task()
    await asyncio.sleep(0)
    look_at_task()


def look_at_task():
    coroutine, names = asyncio.current_task().get_coro(), []
    while coroutine is not None:
        names.append(getattr(coroutine, "__name__", type(coroutine).__name__))
        coroutine = getattr(coroutine, "cr_await", None)
    note("task", names)


async def numbers():
    while True:
        look_at_async_generator()
        yield


def look_at_async_generator():
    note("ag_await", anumbers.ag_await)


async def ask():
    for _ in range(5000):
        await anumbers.__anext__()
    await anumbers.aclose()


running = plain()
for _ in range(20000):
    next(running)
running = outer()
for _ in range(2000):
    next(running)
print(type(running.gi_yieldfrom))
asyncio.run(worker())
anumbers = numbers()
asyncio.run(ask())
for key, counts in results.items():
    print(key, counts)
