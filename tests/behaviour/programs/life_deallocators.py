# Classes and modules that code has used give their memory back as others do: what runs when they die, in this
# thread or another, may give another of their kind a new class, and sees metaclasses' finalizers and weak references.
import gc
import threading
import types
import weakref


class Sub(types.ModuleType):
    pass


class Finalizer:
    def __init__(self, action):
        self.action = action

    def __del__(self):
        self.action()


class First(type):
    pass


class Second(type):
    pass


class Mourned(type):
    def __del__(cls):
        print("~", cls.__name__)


def give_class(value, cls):
    try:
        value.__class__ = cls
        print("given", cls.__name__)
    except TypeError as error:
        print(error)


def give_module_class():
    give_class(types.ModuleType("other"), Sub)


def give_metaclass():
    class Other(metaclass=First):
        pass

    give_class(Other, Second)


def make_module(name, action):
    module = types.ModuleType(name)
    module.number = 1
    module.finalizer = Finalizer(action)
    return module


def make_class(metaclass, action):
    class Made(metaclass=metaclass):
        number = 1
        finalizer = Finalizer(action)

    return Made


def read_class(turns):
    total = 0
    for _ in range(turns):
        total += made.number
    return total


def read_module(turns):
    total = 0
    for _ in range(turns):
        total += module.number
    return total


def read_modules(turns):
    total = 0
    for _ in range(turns):
        total += one.number + two.number
    return total


for metaclass in (First, Mourned, type, First):
    made = make_class(metaclass, give_metaclass)
    for _ in range(20):
        read_class(500)
    gone = weakref.ref(made, lambda ref: give_metaclass())
    made = None
    gc.collect()
    print("class gone", gone() is None)
    give_metaclass()
for _ in range(3):  # a metaclass that dies with its class
    made = make_class(type("Passing", (First,), {}), give_metaclass)
    print(read_class(20000))
    made = None
    print(gc.collect() > 0)

for _ in range(3):
    module = make_module("module", give_module_class)
    for _ in range(20):
        read_module(500)
    gone = weakref.ref(module, lambda ref: give_module_class())
    module = None
    print("module gone", gone() is None)
for _ in range(3):  # one that has been given another class before it dies
    module = make_module("turned", give_module_class)
    for _ in range(20):
        read_module(500)
    module.__class__ = type("Passing", (Sub,), {})
    module = None
    gc.collect()
    module = types.ModuleType("new")
    try:
        read_module(1)
    except AttributeError as error:
        print(error)

# Two that die at once: the one that begins first ends first.
one_dies = threading.Event()
two_dies = threading.Event()


def end_one():
    one_dies.set()
    two_dies.wait()


def end_two():
    two_dies.set()
    first.join()
    give_module_class()


def drop_one():
    global one
    one = None


def drop_two():
    global two
    one_dies.wait()
    two = None


one = make_module("one", end_one)
two = make_module("two", end_two)
for _ in range(20):
    read_modules(500)
first = threading.Thread(target=drop_one)
second = threading.Thread(target=drop_two)
first.start()
second.start()
first.join()
second.join()
give_module_class()
for name in ("one", "two"):
    globals()[name] = make_module(name, give_module_class)
    print(read_modules(500) if name == "two" else name)
del one, two
print("end")
