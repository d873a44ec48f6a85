# C code that recurses, below Python calls of any depth: has the thread's whole stack, as these take none on stock.
import resource
import sys
import threading

sys.setrecursionlimit(10**6)
LEVEL_BYTES = 80  # of stack, for comparing lists in lists


def nested(depth, value):
    items = value
    for _ in range(depth):
        items = [items]
    return items


def down(n):
    if n == 0:
        return int(some != others) if goes_deep else 0
    return down(n - 1) + 1


def key(n):
    return 0 if n == 0 else sorted([n], key=lambda n: key(n - 1))[0]


def in_stack(bytes):
    global some, others, goes_deep
    goes_deep = False
    for _ in range(1500):
        down(300)
    depth = int(bytes * 0.8) // LEVEL_BYTES
    some, others = nested(depth, 1), nested(depth, 2)
    goes_deep = True
    print([down(n) for n in (0, 10, 100, 300, 1000, 2000, 3000, 5000, 10_000, 50_000)])
    # The other way round: calls below C code.
    print(key(20), down(30_000))


soft, _ = resource.getrlimit(resource.RLIMIT_STACK)
in_stack(8 << 20 if soft == resource.RLIM_INFINITY else min(soft, 8 << 20))
for size in (128 << 10, 1 << 20, 32 << 20):
    threading.stack_size(size)
    thread = threading.Thread(target=in_stack, args=(size,))
    thread.start()
    thread.join()
