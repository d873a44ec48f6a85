# Recursion: direct, mutual, through methods, closures and lambdas; results as deep as the default limit allows.
from _repeat import repeat


def fib(n):
    return n if n < 2 else fib(n - 1) + fib(n - 2)


def ackermann(m, n):
    if m == 0:
        return n + 1
    if n == 0:
        return ackermann(m - 1, 1)
    return ackermann(m - 1, ackermann(m, n - 1))


def even(n):
    return True if n == 0 else odd(n - 1)


def odd(n):
    return False if n == 0 else even(n - 1)


class Tree:
    def __init__(self, depth):
        self.children = [Tree(depth - 1) for _ in range(2)] if depth else []

    def size(self):
        return 1 + sum(c.size() for c in self.children)

    def walk(self):
        for c in self.children:
            yield from c.walk()
        yield self


def flatten(x):
    return [y for item in x for y in flatten(item)] if isinstance(x, list) else [x]


def body(out):
    out(fib(13), ackermann(2, 3), even(300), odd(301))
    t = Tree(5)
    out(t.size(), sum(1 for _ in t.walk()))
    out(flatten([1, [2, [3, [4, []]], 5]]))
    fact = lambda n: 1 if n < 2 else n * fact(n - 1)
    out(fact(30), (lambda f: f(f, 10))(lambda f, n: n and n + f(f, n - 1)))


repeat(body, 20)
