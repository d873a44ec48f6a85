"""Sites that see objects of several classes, of classes that change, and with attributes in several places."""

import sys
import traceback

from _repeat import repeat


def show(what):
    repeat(lambda out: out(what()), 300)


class Base:
    kind = "base"

    def __init__(self, x):
        self.x = x

    def value(self, by):
        return self.x + by

    @property
    def double(self):
        return self.x * 2


class Derived(Base):
    kind = "derived"

    def value(self, by):
        return self.x - by


class Slotted:
    __slots__ = ("x",)
    kind = "slotted"
    double = -1

    def __init__(self, x):
        self.x = x

    def value(self, by):
        return -self.x * by


class Items(list):
    kind = "items"
    double = -2
    x = 5

    def value(self, by):
        return len(self) + by


class Late:
    """Grows an attribute that other instances, and the keys that they share, do not have."""

    kind = "late"
    double = -3

    def __init__(self, x):
        self.x = x

    def value(self, by):
        return self.late + by


class Computed:
    def __getattr__(self, name):
        return {"x": 9, "kind": "computed", "double": -4}[name]

    def value(self, by):
        return by


def late(x):
    made = [Late(x + i) for i in range(40)]
    for i, one in enumerate(made):
        one.late = i
    return made[7]


def objects():
    return [Base(1), Derived(2), Slotted(3), Items([1, 2]), late(4), Computed()]


def loads(some):
    return [(o.x, o.kind, o.double) for o in some]


def calls(some, by):
    return [o.value(by) for o in some]


def stores(some, value):
    for o in some:
        o.x = value
    return [o.x for o in some]


def one(some):
    return loads(some), calls(some, 3), stores(some, 11), calls(some, 4)


show(lambda: one(objects()))
for some in ([Base(1)], [Base(1), Derived(2)], objects()[:3], objects()):
    show(lambda some=some: one(some))


# Everything may change at any time.
def hidden():
    some = objects()
    first = calls(some, 1)
    some[0].value = lambda by: ("own", by)
    some[4].value = lambda by: ("own too", by)
    some[3].value = lambda by: ("and too", by)
    return first, calls(some, 1)


show(hidden)


def exchanged():
    some = objects()
    some[0].__class__ = Derived
    some[1].__dict__["x"] = 77
    some[1].__dict__["kind"] = "own"
    del some[4].late
    try:
        calls(some, 2)
    except AttributeError as error:
        return str(error), loads(some)
    return None


show(exchanged)


def deleted():
    some = objects()
    del some[1].x
    try:
        return loads(some)
    except AttributeError as error:
        return str(error)


show(deleted)


class Failing:
    def __init__(self, n):
        self.n = n

    @property
    def ratio(self):
        return 6 // self.n

    def caller(self):
        return sys._getframe(1).f_code.co_name


def ratios(some):
    return [o.ratio for o in some]


def fails():
    try:
        return ratios([Failing(1), Failing(2), Failing(0)])
    except ZeroDivisionError as error:
        return [(entry.name, entry.line) for entry in traceback.extract_tb(error.__traceback__)]


show(fails)
show(lambda: Failing(1).caller())

some = objects()


def changing():
    before = loads(some), calls(some, 5)
    Base.kind = "changed"
    Base.double = property(lambda self: "new")
    Derived.value = lambda self, by: "patched"
    after = loads(some), calls(some, 5)
    Base.kind = "base"
    Base.double = double
    Derived.value = value
    return before, after


double, value = Base.__dict__["double"], Derived.__dict__["value"]
show(changing)


def regetting():
    before = loads(some)
    double.__init__(lambda self: "another getter")
    after = loads(some)
    double.__init__(lambda self: self.x * 2)
    return before, after


show(regetting)


class Constants:
    red, green = 1, 2


def constants():
    return Constants.red + Constants.green


print(sum(constants() for _ in range(5000)))
Constants.red = 10
print(constants())
del Constants.green
try:
    constants()
except AttributeError as error:
    print(error)
