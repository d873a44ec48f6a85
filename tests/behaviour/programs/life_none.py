# Compiling takes no references to None and its like: programs that look for leaks count them.
import sys
import time


def work(n):
    items = [None, True, False, ...]
    for i in range(n):
        if i == 3:
            return None
        items.append(None if i else True)
    return True, type(items) is list


def counts():
    return [sys.getrefcount(x) for x in (None, True, False, ..., list, int)]


def settled():
    """The counts when nothing is being compiled: until that is done it keeps its code alive, the
    body of a module that has been imported, say, with the None of its constants."""
    last = None
    while (now := counts()) != last:
        last = now
        time.sleep(0.1)
    return now


settled()
work(2)
before = settled()
for _ in range(3000):
    work(5)
print([after - b for b, after in zip(before, settled())])
