# asyncio at work: streams, queues, locks, subprocess, executors, timeouts, contextvars in tasks.
import asyncio
import contextvars
import sys

var = contextvars.ContextVar("v", default=0)


async def echo(reader, writer):
    while data := await reader.readline():
        writer.write(data.upper())
        await writer.drain()
    writer.close()


async def client(port, n):
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    got = []
    for i in range(n):
        writer.write(f"line {i}\n".encode())
        got.append((await reader.readline()).decode().strip())
    writer.close()
    await writer.wait_closed()
    return got[-1], len(got)


async def producer(q, n):
    for i in range(n):
        await q.put(i)
    await q.put(None)


async def consumer(q):
    total = 0
    while (x := await q.get()) is not None:
        total += x
    return total


async def locked(lock, log, name):
    for i in range(3):
        async with lock:
            log.append(name)
            await asyncio.sleep(0)


async def sets(n):
    var.set(n)
    await asyncio.sleep(0)
    return var.get()


def blocking(n):
    return sum(i * i for i in range(n))


async def main():
    server = await asyncio.start_server(echo, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    print(await asyncio.gather(*(client(port, 30) for _ in range(4))))
    server.close()
    q = asyncio.Queue(5)
    print((await asyncio.gather(producer(q, 500), consumer(q)))[1])
    lock, log = asyncio.Lock(), []
    await asyncio.gather(*(locked(lock, log, n) for n in "abc"))
    print("".join(log))
    print(await asyncio.gather(*(sets(i) for i in range(5))), var.get())
    loop = asyncio.get_running_loop()
    print(await asyncio.gather(*(loop.run_in_executor(None, blocking, 1000) for _ in range(4))))
    p = await asyncio.create_subprocess_exec(sys.executable, "-c", "print(sum(i for i in range(1000)))", stdout=asyncio.subprocess.PIPE)
    print((await p.communicate())[0])
    try:
        await asyncio.wait_for(asyncio.sleep(10), 0.01)
    except TimeoutError as e:
        print(repr(e))
    event = asyncio.Event()
    loop.call_later(0.01, event.set)
    print(await event.wait())


asyncio.run(main())
