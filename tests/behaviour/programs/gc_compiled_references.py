# Compiled code refers to functions, classes and modules. That keeps none of them alive when the
# program has let go of them all: namespaces are collected as on stock, each time, and so is what
# is left at the end of the program.

import gc
import sys
import types
import weakref

PROGRAM = """
class Held:
    pass

class Point:
    def __init__(self, x):
        self.x = x

    def moved(self, by):
        return make_point(self.x + by)

def make_point(x):
    return Point(x)

def leaf(n):
    total = 0
    for i in range(n):
        total += i
    return total

def calls(n):
    return leaf(n) + leaf(n + 1)

def calls_mutually(n):
    return 0 if n == 0 else other_one(n - 1)

def other_one(n):
    return 0 if n == 0 else calls_mutually(n - 1)

def makes_closures(n):
    def inner(k):
        return leaf(k) + n
    return inner(1) + inner(2)

def generates(n):
    for i in range(n):
        yield leaf(i)

def uses_module():
    return another.leaf(2)

def run(times):
    for i in range(times):
        calls(3)
        calls_mutually(4)
        makes_closures(i)
        list(generates(3))
        make_point(i).moved(2)
        uses_module()

held = Held()
"""


def make_namespace(name):
    module = types.ModuleType(name)
    module.another = types.ModuleType("another")
    exec("def leaf(n): return n + 1", vars(module.another))
    exec(PROGRAM, vars(module))
    return module


def collected(times, suspended=False):
    module = make_namespace("made")
    sys.modules["made"] = module
    module.run(times)
    left = module.generates(5) if suspended else None
    if suspended:
        next(left)
    watched = [weakref.ref(module.held), weakref.ref(module.leaf), weakref.ref(module.Point)]
    watched += [weakref.ref(module.calls_mutually), weakref.ref(module.other_one), weakref.ref(module.another)]
    del sys.modules["made"], module
    gc.collect()
    gone = [ref() is None for ref in watched]
    if suspended:
        print("suspended", gone, list(left))
        del left
        gc.collect()
        gone = [ref() is None for ref in watched]
    return gone


for times in (1, 5, 40, 3000):
    print(times, collected(times), collected(times, suspended=True))

# All of them run again and again: nothing that still runs is taken for garbage.
module = make_namespace("running")


def collects_below(depth):
    if depth == 0:
        gc.collect()
        return module.calls(3)
    return collects_below(depth - 1) + module.leaf(1)


def run_while_collecting(times):
    before = module.leaf
    results = set()
    for turn in range(times):
        module.run(3)
        results.add(collects_below(turn % 5))
    return results, module.leaf is before


print(run_while_collecting(60))


class LastWords:
    def __init__(self, text):
        self.text = text

    def __del__(self):
        print(self.text, module_sum(4))


def module_sum(n):
    total = 0
    for i in range(n):
        total += i
    return total


def makes_and_drops(k):
    LastWords("" if k else "dropped").text = f"{k}" if k % 1000 == 0 else "..."
    return module_sum(k % 4)


left_at_the_end = LastWords("the end")
for k in range(2001):
    if k % 500 == 0:
        makes_and_drops(k)
    module_sum(k % 7)
