# Calls of classes whose __init__ is a Python function: what dies when, levels of recursion, errors, changes of the class.

import abc
import gc
import sys
import traceback
import weakref

from _repeat import repeat


def repeated(body):
    repeat(body, 60)


class Told:
    def __init__(self, name, log):
        self.name, self.log = name, log

    def __del__(self):
        self.log.append(f"{self.name} died in {sys._getframe(1).f_code.co_name}")


class Point:
    def __init__(self, x, y):
        self.x = x
        self.y = y


class Slotted:
    __slots__ = ("x", "y", "__weakref__")

    def __init__(self, x, y):
        self.y = y
        self.x = x


class Child(Point):
    def __init__(self, x, y):
        super().__init__(x, y)
        self.z = x + y


class Forgets:
    def __init__(self, thing, log):
        thing = None
        log.append("forgot")


class Fails:
    def __init__(self, thing):
        self.thing = thing
        raise ValueError("no")

    def __del__(self):
        deaths.append(f"Fails of {self.thing}")


class Returns:
    def __init__(self, what):
        self.what = what
        return what


deaths = []


@repeated
def kinds(out):
    for made in (Point(1, 2), Slotted(3, 4), Child(5, 6)):
        out(type(made).__name__, made.x, made.y, getattr(made, "z", None), getattr(made, "__dict__", None))
    out([Point(i, i).x for i in range(3)], weakref.ref(Slotted(1, 2))(), gc.is_tracked(Point(1, 2)))


@repeated
def arguments_die_last(out):
    log = []
    Forgets(Told("argument", log), log)
    log.append("after")
    local = Told("local", log)
    Forgets(local, log)
    log.append("after")
    del local
    made = Point(Told("x", log), Told("y", log))
    log.append("made")
    made = Point(Told("x2", log), 1)
    log.append("made again")
    del made
    out(log)


@repeated
def errors(out):
    for make in (lambda: Fails(1), lambda: Returns(2), lambda: Returns(None).what, lambda: Point(1), lambda: Point(1, 2, 3)):
        try:
            out(make())
        except (ValueError, TypeError) as error:
            lines = [(f.name, f.line) for f in traceback.extract_tb(error.__traceback__)]
            out(type(error).__name__, error, lines)
            del error
    out(deaths)
    deaths.clear()


def make(cls, n):
    return [cls(i) for i in range(n)]


@repeated
def classes_change(out):
    class Changes:
        def __init__(self, x):
            self.x = x

    out([c.x for c in make(Changes, 3)])
    first = Changes.__init__

    def other(self, x):
        self.x = -x

    Changes.__init__ = other
    out([c.x for c in make(Changes, 3)])
    first.__code__ = other.__code__
    Changes.__init__ = first
    out([c.x for c in make(Changes, 3)])
    Changes.__new__ = lambda cls, x: object.__new__(cls) if x else 5
    out([getattr(c, "x", c) for c in make(Changes, 3)])


class Late:
    def __init__(self, x):
        self.x = x


def late(x):
    return Late(x).x


for turn in range(4000):
    late(turn)
Late.__init__ = lambda self, x: setattr(self, "x", x + 1)
print(late(1))
for turn in range(4000):
    late(turn)
Late.__new__ = lambda cls, x: object.__new__(cls)
print(late(1))
del Late.__new__
Late.__init__ = lambda self, x: x
try:
    print(late(1))
except TypeError as error:
    print(error)


class Abstract(abc.ABC):
    def __init__(self, x):
        self.x = x

    @abc.abstractmethod
    def method(self):
        pass


class Deep:
    def __init__(self, n):
        self.n = n
        self.depth = len_of_stack() if n == 0 else None
        self.inner = Deep(n - 1) if n > 0 else None


def len_of_stack():
    frame, depth = sys._getframe(), 0
    while frame is not None:
        frame, depth = frame.f_back, depth + 1
    return depth


def deepest():
    """How deep constructors may be nested: each counts two levels."""
    low, high = 0, 3000
    while low + 1 < high:
        middle = (low + high) // 2
        try:
            Deep(middle)
            low = middle
        except RecursionError:
            high = middle
    return low


@repeated
def recursion(out):
    try:
        Abstract(1)
    except TypeError as error:
        out(error)
    made = Deep(5)
    while made.inner:
        made = made.inner
    out(made.depth)
    for _ in range(3):
        out(300 < deepest() < 520)


class Watched:
    def __init__(self, x):
        self.x = x
        if x == 2:
            sys.settrace(tracer)


def tracer(frame, event, arg):
    if frame.f_code.co_name in ("__init__", "watches"):
        events.append((frame.f_code.co_name, event))
    return tracer


events = []


@repeated
def watches(out):
    out([Watched(x).x for x in range(4)])
    sys.settrace(None)
    out(events)
    events.clear()


class Changed:
    def __init__(self, x):
        self.x = x

    def __del__(self):
        deaths.append(self.x)


deaths = []


class Cycle:
    """Once it is collected, instances of Changed are made otherwise."""

    def __init__(self):
        self.me = self

    def __del__(self):
        Changed.__init__ = lambda self, x: setattr(self, "x", (x, "otherwise"))


def make(x):
    gc.enable()  # the next allocation collects
    return Changed(x)


@repeated
def changed_by_the_allocation(out):
    kept = Changed.__init__
    thresholds = gc.get_threshold()
    try:
        for x in range(6):
            gc.collect()
            gc.disable()
            gc.set_threshold(1)
            if x == 4:
                Cycle()
            made = make(x)
            gc.disable()
            out(made.x)
            del made
    finally:
        Changed.__init__ = kept
        gc.set_threshold(*thresholds)
        gc.enable()
    out(deaths)
    deaths.clear()
