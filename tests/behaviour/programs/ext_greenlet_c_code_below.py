# not-sanitized: AddressSanitizer does not know that stacks are copied
# greenlet: C code that recurses, below Python calls of any depth, in greenlets and outside.
import sys
import threading
from greenlet import getcurrent, greenlet

sys.setrecursionlimit(300_000)


def nested(depth):
    items = []
    for _ in range(depth):
        items = [items]
    return items


items = nested(4500)
DEPTHS = (0, 100, 300, 1000, 3000, 30_000)


def down(n, at_end):
    return at_end() if n == 0 else 1 + down(n - 1, at_end)


def body(_):
    for n in DEPTHS:
        parent.switch(down(n, lambda: len(repr(items))))
        parent.switch(down(n, lambda: parent.switch(n) or 0))
    return "end"


def in_stack():
    global parent
    for _ in range(300):
        down(100, int)
    print([down(n, lambda: len(repr(items))) for n in DEPTHS])
    parent = getcurrent()
    green = greenlet(body)
    results = [green.switch(0)]
    while not green.dead:
        results.append(green.switch(0))
    print(results)


threading.stack_size(1 << 20)
thread = threading.Thread(target=in_stack)
thread.start()
thread.join()
in_stack()
