# Compiling takes no references to None and its like: programs that look for leaks count them.
import sys


def work(n):
    items = [None, True, False, ...]
    for i in range(n):
        if i == 3:
            return None
        items.append(None if i else True)
    return True, type(items) is list


def counts():
    return [sys.getrefcount(x) for x in (None, True, False, ..., list, int)]


counts()
work(2)
before = counts()
for _ in range(3000):
    work(5)
print([after - b for b, after in zip(before, counts())])
