# Cycles: collected when asked, seen by gc functions, finalizers run, weak references cleared.
import gc
import weakref
from _repeat import repeat

log = []


class Node:
    def __init__(self, name):
        self.name = name
        self.links = []

    def __del__(self):
        log.append(self.name)


def ring(n):
    nodes = [Node(i) for i in range(n)]
    for i, node in enumerate(nodes):
        node.links.append(nodes[(i + 1) % n])
    return weakref.ref(nodes[0])


def closure_cycle():
    node = Node("closure")
    def f():
        return f, node
    return weakref.ref(node)


def generator_cycle():
    def g():
        me = yield
        node = Node("generator")
        yield weakref.ref(node)
    it = g()
    next(it)
    return it.send(it)


def body(out):
    gc.collect()
    log.clear()
    gc.disable()
    r, c, g = ring(3), closure_cycle(), generator_cycle()
    out(r() is not None, c() is not None, g() is not None, log)
    gc.collect()
    gc.enable()
    out(r() is None, c() is None, g() is None, sorted(map(str, log)))
    d = {}
    out(gc.is_tracked(d), gc.is_tracked([d]), gc.is_tracked(1.5))
    x = [Node("referred")]
    out(any(ref is x for ref in gc.get_referrers(x[0])), [type(o).__name__ for o in gc.get_referents(x)])


repeat(body, 30)
