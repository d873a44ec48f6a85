# Deep recursion with no address space for more C stack: fine on stock, so fine here.
import resource
import sys
import threading

sys.setrecursionlimit(250_000)


def down(n):
    return 0 if n == 0 else down(n - 1) + 1


def fails(n):
    return 1 // n + fails(n - 1)


def recurse():
    print(down(50_000), down(30_000))
    try:
        fails(20_000)
    except ZeroDivisionError as e:
        print(e)


def loop(n):
    total = 0
    for i in range(n):
        total += i
    return total


for _ in range(300):
    down(100)
# (On stock, too, this takes memory, but not of the C stack.)
recurse()
thread = threading.Thread(target=lambda: may_go_on.wait() and recurse())
may_go_on = threading.Event()
thread.start()
with open("/proc/self/statm") as file:
    size = int(file.read().split()[0]) * resource.getpagesize()
resource.setrlimit(resource.RLIMIT_AS, (size + (12 << 20), resource.RLIM_INFINITY))
may_go_on.set()
thread.join()
recurse()
resource.setrlimit(resource.RLIMIT_AS, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
recurse()
print(loop(10**5), [f(loop(i) for i in range(50)) for f in (sum, max)])
