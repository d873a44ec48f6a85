"""Attributes that a site finds in many ways, one after another: what it remembers must not lie."""

import enum
import types


class Late:
    """A plain object that becomes a descriptor when its class changes."""


class Asks:
    default = "of the class"

    def __init__(self):
        self.own = 1

    def __getattr__(self, name):
        return f"asked for {name}"

    @property
    def failing(self):
        raise AttributeError("from the getter")

    def method(self):
        return "method"


class Overridden(Asks):
    def __getattribute__(self, name):
        if name == "own":
            return "never there"
        return super().__getattribute__(name)


class Meta(type):
    @property
    def of_meta(cls):
        return f"data of the metaclass of {cls.__name__}"

    plain_of_meta = "plain of the metaclass"


class MetaAsks(type):
    def __getattr__(cls, name):
        return f"the metaclass was asked for {name}"


class Made(metaclass=Meta):
    of_meta = "hidden"
    plain_of_meta = "shown"
    late = Late()

    @classmethod
    def make(cls, *args):
        return cls.__name__, args

    @staticmethod
    def help(*args):
        return "helped", args

    def method(self):
        return type(self).__name__


class Derived(Made):
    pass


class MadeAsks(metaclass=MetaAsks):
    own = 5

    @classmethod
    def make(cls, *args):
        return cls.__name__, args


class Color(enum.Enum):
    RED = 1
    BLUE = 2


class Slots:
    __slots__ = ("a", "b", "__dict__")
    kind = "slots"


class Lazy:
    """A descriptor without __set__, which the instance's own attribute hides from then on."""

    def __init__(self, function):
        self.function = function
        self.name = function.__name__

    def __get__(self, instance, owner):
        if instance is None:
            return self
        value = instance.__dict__[self.name] = self.function(instance)
        return value


class Mixed:
    default = "default"

    def __init__(self, turn):
        self.first = turn
        if turn % 3 == 0:
            self.second = -turn
        if turn % 4 == 1:
            self.default = "own"

    @Lazy
    def lazy(self):
        return f"lazy {self.first}"

    def method(self):
        return self.first


def read(thing, names):
    found = []
    for name in names:
        try:
            found.append(getattr_at_site(thing, name))
        except (AttributeError, TypeError) as error:
            found.append(f"{type(error).__name__}: {error}")
    return found


def getattr_at_site(thing, name):
    if name == "own":
        return thing.own
    if name == "default":
        return thing.default
    if name == "failing":
        return thing.failing
    if name == "of_meta":
        return thing.of_meta
    if name == "plain_of_meta":
        return thing.plain_of_meta
    if name == "first":
        return thing.first
    if name == "second":
        return thing.second
    if name == "lazy":
        return thing.lazy
    if name == "kind":
        return thing.kind
    if name == "a":
        return thing.a
    if name == "__dict__":
        return sorted(k for k in thing.__dict__ if not k.startswith("__"))
    if name == "__name__":
        return thing.__name__
    if name == "method()":
        return thing.method()
    if name == "make()":
        return thing.make(1)
    if name == "help()":
        return thing.help(2)
    if name == "late":
        return thing.late if type(thing.late) is not Late else "not yet"
    return None


def instances(turn):
    mixed = Mixed(turn)
    if turn % 2:
        vars(mixed)["extra"] = turn  # from now on it has a dict that shares its keys
    if turn % 5 == 2:
        mixed.__dict__ = {"first": "swapped", "method": lambda: "own method"}
    if turn % 7 == 3:
        mixed.__dict__[turn] = "not a string"
    seen = read(mixed, ["first", "second", "default", "lazy", "lazy", "method()", "nothing"])
    mixed.default = turn
    seen += read(mixed, ["default", "first"])
    del mixed.default
    return seen + read(mixed, ["default"])


def asks(turn):
    names = ["own", "default", "failing", "second", "method()", "kind"]
    asked, overridden = Asks(), Overridden()
    if turn % 3 == 1:
        asked.default = "own default"
    if turn % 3 == 2:
        del asked.own
    return read(asked, names) + read(overridden, names)


def classes(turn):
    names = ["of_meta", "plain_of_meta", "make()", "help()", "__name__", "late"]
    seen = []
    for thing in (Made, Derived, Made(), Derived(), MadeAsks, Color, types):
        seen += read(thing, names)
    return seen


def slots(turn):
    thing = Slots()
    seen = read(thing, ["a", "kind"])
    thing.a = turn
    thing.own = turn
    seen += read(thing, ["a", "own", "__dict__"])
    del thing.a
    return seen + read(thing, ["a"])


class Hidden:
    """Its class attribute begins to hide the instance's."""

    late = Late()

    def __init__(self):
        self.late = "own"


before = Hidden()


def hidden(turn):
    return [before.late, Hidden().late, getattr_at_site(before, "late")]


def change_the_classes():
    """What was learned of these names is not so any more."""
    Late.__get__ = lambda self, instance, owner: ("late", instance is None, owner.__name__)
    Late.__set__ = lambda self, instance, value: None
    Made.make = staticmethod(lambda *args: ("static now", args))
    Derived.help = classmethod(lambda cls, *args: (cls.__name__, args))
    Meta.help = property(lambda cls: lambda *args: "of the metaclass now")
    Asks.__getattr__ = lambda self, name: f"asked anew for {name}"
    Mixed.first = property(lambda self: "a property now")
    Lazy.__set__ = lambda self, instance, value: print("set", value)
    Slots.a = "a class attribute now"


def main():
    for part in (instances, asks, classes, slots, hidden):
        for turn in range(60):
            seen = part(turn)
            if turn < 8 or turn > 57:
                print(part.__name__, turn, seen)


main()
change_the_classes()
print("--- changed")


def rest():
    for part in (asks, classes, hidden):
        for turn in range(60):
            seen = part(turn)
            if turn < 3 or turn > 57:
                print(part.__name__, turn, seen)


rest()
mixed = Mixed.__new__(Mixed)
mixed.__dict__.update(default=3, lazy=4)
for _ in range(40):
    last = read(mixed, ["first", "default", "lazy", "method()"])
print(last)
