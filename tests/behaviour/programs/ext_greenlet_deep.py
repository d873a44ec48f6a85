# not-sanitized: AddressSanitizer does not know that stacks are copied
# greenlet: recursion deeper than the C stack, suspended there, and loops afterwards.
import sys
from greenlet import getcurrent, greenlet

sys.setrecursionlimit(300_000)
main = getcurrent()


def deep(n, to=None):
    if n == 0:
        return to.switch("at the bottom") if to else 0
    return 1 + deep(n - 1, to)


def loop(n):
    total = 0
    for i in range(n):
        total += i
    return total


def body(_):
    return deep(100_000, main)


first, second = greenlet(body), greenlet(body)
print(first.switch(0), loop(500))
print(second.switch(0), loop(500))
print(first.switch(5), second.switch(7))
print(loop(5000), deep(50_000))
print([f(loop(i) for i in range(50)) for f in (sum, max)])
