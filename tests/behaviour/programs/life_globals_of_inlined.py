# Functions of other modules that are built into their callers: when those go, so do their globals, with what is in them,
# at the time they do in the interpreter; also when the function goes while its globals are still to be read.
import gc

SOURCE = """
x = 1
def plain(a):
    return a + x
def default(a, b=2):
    return a + b + len(names) + x
def outer(a):
    return plain(a) + x
class Point:
    def __init__(self, at):
        self.at = at + x
    def moved(self, by):
        return self.at + by + x
class Box:
    def __init__(self):
        self.value = None
def replace(box, value):
    box.value = value
    return x
def replace_twice(box, value):
    first = x
    box.value = value
    second = x
    box.value = None
    return first + second + len(names)
"""


class Value:
    def __init__(self, name):
        self.name = name

    def __del__(self):
        print("~", self.name)


class Namespace:
    def __init__(self, name):
        members = {"held": Value(name), "names": [1, 2]}
        exec(SOURCE, members)
        self.__dict__.update({key: members[key] for key in ("plain", "default", "outer", "Point")})


def use_plain(turns):
    total = 0
    for i in range(turns):
        total += function(i)
    return total


def use_class(turns):
    total = 0
    for i in range(turns):
        total += cls(i).moved(2)
    return total


for name in ("plain", "default", "outer"):
    for turn in range(3):
        function = getattr(Namespace(f"{name} {turn}"), name)
        gc.collect()
        print(name, use_plain(400))
        print("replaced")
        function = len
        gc.collect()
        print("collected")
for turn in range(3):
    cls = Namespace(f"class {turn}").Point
    gc.collect()
    print(use_class(400))
    cls = None
    gc.collect()
    print("collected")


# Nothing but the call holds the function any more, before it has read its last global.
class Breaks:
    def __init__(self, name):
        self.name = name

    def __del__(self):
        global function, replacing
        function = replacing = len
        gc.collect()
        print("broken", self.name)


def use_replace(turns, breaking):
    total = 0
    for i in range(turns):
        total += replacing(box, breaking if i == turns - 1 else i)
        breaking = None if i == turns - 1 else breaking
    return total


for name in ("replace", "replace_twice"):
    for turn in range(3):
        members = {"held": Value(f"{name} {turn}"), "names": []}
        exec(SOURCE, members)
        replacing = members[name]
        box = members["Box"]()
        members = None
        print(use_replace(400, Breaks(turn)))
        try:
            print(use_replace(1, None))
        except TypeError as error:
            print(error)
        replacing = box = None
        gc.collect()
        print("done", name, turn)
