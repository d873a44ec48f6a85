# Functions and classes that compiled code called die when they are replaced: with their weak references, defaults, closures
# and attributes, while that code lives on and calls what is there instead, which may get their address.
import gc
import weakref


class Resource:
    def __init__(self, name):
        self.name = name

    def __del__(self):
        print("closed", self.name)


def closure(resource):
    def callback(x):
        return x + len(resource.name)

    return callback


def plain(name):
    namespace = {"resource": Resource(name)}
    exec("def callback(x, resource=resource): return x * 2", namespace)
    return namespace["callback"]


def run(n):
    t = 0
    for i in range(n):
        t += callback(i)
    return t


def note(what):
    return lambda ref: print(what, "is gone")


refs = []
for number, make in enumerate((closure, plain, closure, plain, plain, closure)):
    callback = make(Resource(f"r{number}") if make is closure else f"p{number}")
    refs.append(weakref.ref(callback, note(f"callback {number}")))
    print(number, sum(run(100) for _ in range(30)))
callback = abs
print(run(100), [ref() is None for ref in refs])


class Plugin:
    name = "abc"

    def run(self, x):
        return x + len(self.name)


def make_class(resource):
    class P(Plugin):
        held = resource

        def __init__(self, start):
            self.start = start

        def run(self, x):
            return super().run(x) + self.start

        @property
        def twice(self):
            return self.start * 2

        @classmethod
        def named(cls):
            return cls.held.name

    return P


def drive(p, n):
    t = 0
    for i in range(n):
        t += p.run(i) + p.twice + len(p.named()) + type(p)(1).start + isinstance(p, Made)
    return t


for number in range(4):
    Made = make_class(Resource(f"class {number}"))
    ref = weakref.ref(Made, note(f"class {number}"))
    p = Made(number)
    print(number, sum(drive(p, 50) for _ in range(30)))
    del Made, p
    Made = int
    gc.collect()
    print("collected", ref())


# Replaced while its arguments are made, and while it runs.
def replaced(x, y):
    return x + y


def other(x, y):
    return x - y


def replace(i):
    global replaced
    if i % 50 == 49:
        replaced = make_sum(Resource(f"sum {i}"))
    return i


def make_sum(resource):
    return lambda x, y: x + y + len(resource.name)


def calls(n):
    t = 0
    for i in range(n):
        t += replaced(i, replace(i))
    return t


for _ in range(4):
    print(calls(100))
replaced = other
print(calls(40))


class Method:
    def step(self, x):
        return x + 1


def exchange(i):
    if i % 40 == 39:
        resource = Resource(f"step {i}")
        Method.step = lambda self, x, resource=resource: x + len(resource.name)
    return i


def methods(n):
    o = Method()
    t = 0
    for i in range(n):
        t += o.step(exchange(i))
    return t


for _ in range(4):
    print(methods(100))
del Method.step
Method.step = lambda self, x: x
print(methods(30))


# The code that calls a function dies because the function does.
SOURCE = """
def callback(x, held=None):
    return x + 1
class Called:
    def __init__(self, x):
        self.x = x
def run(n):
    t = 0
    for i in range(n):
        t += callback(i) + Called(i).x
    return t
"""
for name in ("callback", "Called"):
    space = {}
    exec(SOURCE, space)
    space["callback"].__defaults__ = (Resource("default of " + name),)
    print(sum(space["run"](100) for _ in range(40)))
    ref = weakref.ref(space[name], lambda ref: print("run goes too", space.pop("run").__name__))
    del space[name]
    gc.collect()
    print(name, ref(), "run" in space)
    space.clear()
