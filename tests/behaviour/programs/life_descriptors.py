# Properties, static and class methods that code has used die when they are replaced, or with their class, and so does
# what their functions' modules hold; new ones may get their memory.
import gc

SOURCE = """
x = 1
class Point:
    def __init__(self, at):
        self.at = at
    @property
    def twice(self):
        return self.at + self.at + x
    @staticmethod
    def fixed(by):
        return by + x
    @classmethod
    def made(cls, by):
        return by + x + len(cls.__name__)
"""


class Value:
    def __init__(self, name):
        self.name = name

    def __del__(self):
        print("~", self.name)


def make_class(name):
    members = {"held": Value(name)}
    exec(SOURCE, members)
    return members["Point"]


def use_property(point, turns):
    total = 0
    for _ in range(turns):
        total += point.twice
    return total


def use_static(point, turns):
    total = 0
    for i in range(turns):
        total += point.fixed(i)
    return total


def use_class(point, turns):
    total = 0
    for i in range(turns):
        total += point.made(i)
    return total


def use_on_class(cls, turns):
    total = 0
    for i in range(turns):
        total += cls.fixed(i) + cls.made(i) + (cls.twice is not None)
    return total


for use in (use_property, use_static, use_class):
    for turn in range(4):
        cls = make_class(f"{use.__name__} {turn}")
        print(use(cls(turn), 400))
        cls = None
        gc.collect()
        print("collected")
for turn in range(4):
    cls = make_class(f"class {turn}")
    print(use_on_class(cls, 400))
    cls = None
    gc.collect()
    print("collected")


class Held:
    pass


class Getter:
    """Dies with the descriptor whose function's default it is."""

    def __init__(self, name):
        self.name = name

    def __del__(self):
        print("closed", self.name)


def set_descriptors(number):
    held = Getter(number)
    Held.twice = property(lambda self, held=held: number)
    Held.fixed = staticmethod(lambda by, held=held: by + number)
    Held.made = classmethod(lambda cls, by, held=held: by + number)


for number in range(6):
    set_descriptors(number)
    print(use_property(Held(), 300), use_static(Held(), 300), use_class(Held(), 300))
    print(use_on_class(Held, 300))


# One that goes while its getter runs.
class Fleeting:
    count = 0


def replace(self):
    self.count += 1
    if self.count % 300 == 0:
        Fleeting.twice = property(replace)
    return self.count


Fleeting.twice = property(replace)
one = Fleeting()
for _ in range(4):
    print(use_property(one, 350))
del Fleeting.twice
try:
    use_property(one, 1)
except AttributeError as error:
    print(error)
print("end")
