# Deep recursion in threads with small C stacks.
import sys
import threading

sys.setrecursionlimit(60_000)


def down(n):
    return 0 if n == 0 else down(n - 1) + 1


def until_error(n):
    try:
        return until_error(n + 1)
    except RecursionError:
        return n


for size in (128 * 1024, 256 * 1024, 1024 * 1024):
    threading.stack_size(size)
    results = []
    threads = [threading.Thread(target=lambda: results.append(down(20_000))) for _ in range(3)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    print(size, results)
threading.stack_size(0)
print(until_error(0) > 50_000)
