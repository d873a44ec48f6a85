# Daemon threads that are deep in calls when Python ends: they end there, wherever their C stack is.
import sys
import threading
import time

sys.setrecursionlimit(10**6)


def down(n, at_end):
    if n == 0:
        return at_end()
    return down(n - 1, at_end) + 1


def wait():
    ready.release()
    while True:
        time.sleep(0.0005)


def sort(n):
    return sorted([n], key=lambda n: sort(n - 1) if n else wait())


def generator(n):
    yield from generator(n - 1) if n else iter(wait, 0)


ready = threading.Semaphore(0)
for _ in range(300):
    down(100, int)
count = 0
for size in (128 << 10, 1 << 20, 0):
    threading.stack_size(size)
    for target in (
        lambda: down(30_000, wait),
        lambda: down(1000, wait),
        lambda: down(2000, lambda: sort(20)),
        lambda: down(2000, lambda: list(generator(20))),
    ):
        threading.Thread(target=target, daemon=True).start()
        count += 1
for _ in range(count):
    ready.acquire()
print("ends")
