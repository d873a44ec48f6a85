# Modules that a global names die when it names another, with what they hold; code that used them goes on.
import gc
import types
import weakref


class Value:
    def __init__(self, name):
        self.name = name

    def __del__(self):
        print("~", self.name)


def make(name, number):
    module = types.ModuleType(name)
    module.value = Value(name)
    module.number = number
    return module


def read():
    return plugin.number


def call():
    return helper.double(plugin.number)


def run(turns):
    total = 0
    for _ in range(turns):
        total += read() + call()
    return total


def double(x):
    return 2 * x


class Other(types.ModuleType):
    pass


plugin = make("first", 1)
helper = make("helper", 0)
helper.double = double
for turn in range(4):
    print(run(60000 if turn < 2 else 300))
    alive = weakref.ref(plugin, lambda ref: print("module gone"))
    plugin = make(f"next{turn}", turn)
    print(alive() is None, run(300))
    helper, old = make(f"helper{turn}", 0), helper
    helper.double = old.double
    del old
    print("helper replaced")
for _ in range(3):
    plugin = None
    gc.collect()
    try:
        read()
    except AttributeError as error:
        print(error)
    plugin = make("again", 5)
    print(run(500))
    plugin.__class__ = Other
    print(run(500), type(plugin).__name__)
    plugin = make("last", 6)
    print(run(500))
    cycle = make("cycle", 7)
    cycle.self = cycle
    plugin = cycle
    del cycle
    print(run(500))
    plugin = make("end", 8)
    print(gc.collect() > 0)
print("end")
