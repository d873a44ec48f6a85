# Functions and generators whose frame objects outlive them, at every call: they stay as fast as they are right.
import asyncio
import sys

from _repeat import repeat

kept = []


def keeps(n):
    kept.append(sys._getframe())
    local = n + 1
    return local


def caught(n):
    try:
        raise ValueError(n)
    except ValueError as error:
        kept.append(error.__traceback__.tb_frame)
    return n * 2


def generates(n):
    kept.append(sys._getframe())
    for i in range(n):
        yield i


def body(out):
    kept.clear()
    out([keeps(i) for i in range(5)], [caught(i) for i in range(5)], [list(generates(i)) for i in range(5)])
    out([(f.f_code.co_name, f.f_lineno, sorted(f.f_locals.items())) for f in kept])


repeat(body, 700)


class Tree:
    def __init__(self, left, value, right):
        self.left, self.value, self.right = left, value, right

    async def __aiter__(self):
        if self.left:
            async for item in self.left:
                yield item
        yield self.value
        if self.right:
            async for item in self.right:
                yield item


def tree(low, high):
    if low >= high:
        return None
    middle = (low + high) // 2
    return Tree(tree(low, middle), middle, tree(middle + 1, high))


async def total():
    result = 0
    async for item in tree(0, 100):
        result += item
    return result


repeat(lambda out: out(asyncio.run(total())), 20)
