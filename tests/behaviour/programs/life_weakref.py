# Weak references: callbacks at the right moment, dead at once, WeakValueDictionary, finalize.
import weakref
from _repeat import repeat

log = []


class Node:
    def __init__(self, name):
        self.name = name


def scopes():
    n = Node("n")
    r = weakref.ref(n, lambda ref: log.append("callback"))
    log.append(r() is n)
    alias = n
    n = None
    log.append(r() is None)
    alias = None
    log.append(r() is None)


def call_argument(node):
    r = weakref.ref(node)
    del node
    return r()


def generator():
    n = Node("g")
    log.append(weakref.ref(n))
    yield 1
    yield 2


def closure():
    n = Node("cell")
    r = weakref.ref(n)
    def f():
        return n.name
    return f, r


def body(out):
    log.clear()
    scopes()
    out(log)
    n = Node("x")
    out(call_argument(Node("temp")) is None, call_argument(n) is n)
    log.clear()
    g = generator()
    next(g)
    r = log[0]
    alive = r() is not None
    g.close()
    out(alive, r() is None)
    f, r = closure()
    out(f(), r() is not None)
    del f
    out(r() is None)
    d = weakref.WeakValueDictionary()
    d["a"] = n
    d["b"] = Node("gone")
    out(sorted(d))
    n = None
    out(sorted(d))
    for i in range(3):
        k = Node(i)
        weakref.finalize(k, log.append, f"finalized {i}")
    log.append("loop done")
    k = None
    out(log[1:])


repeat(body)
