# Tracing and profiling that begin in a finalizer, whatever lets go of the object.
import sys

events = []
begin = None


def tracer(frame, event, arg):
    if frame.f_code.co_filename == __file__ and frame.f_code.co_name != "run":
        events.append((frame.f_code.co_name, event, frame.f_lineno - frame.f_code.co_firstlineno))
    return tracer


def profiler(frame, event, arg):
    if frame.f_code.co_filename == __file__ and frame.f_code.co_name != "run":
        events.append((frame.f_code.co_name, event))


def trace():
    frame = sys._getframe(2)
    while frame:
        frame.f_trace = tracer
        frame = frame.f_back
    sys.settrace(tracer)


def profile():
    sys.setprofile(profiler)


class Dies:
    attribute = 1

    def __del__(self):
        if begin:
            begin()


class Holder:
    def __init__(self):
        self.held = Dies()


class Slots:
    __slots__ = ("held",)


def overwritten(n):
    d = Dies()
    d = n
    abs(d)
    return d


def deleted(n):
    d = Dies()
    del d
    x = n + 1.5
    return len("ab") + x


def popped(n):
    Dies()
    [Dies()]
    return len("ab")


def cell(n):
    d = Dies()

    def inner():
        return d
    d = n
    del d
    return abs(-1)


def attribute(n):
    h = Holder()
    h.held = n
    abs(n)
    s = Slots()
    s.held = Dies()
    s.held = Dies()
    s.held = 1
    return h.held


def loaded(n):
    x = Dies().attribute
    y = Holder().held.attribute
    abs(n)
    return x + y


def item(n):
    a = [Dies(), 1]
    a[0] = n
    abs(a[0])
    x = [Dies(), 2][1]
    y = (Dies(), 3)[1]
    return x + y


def compared(n):
    x = Dies() is None
    y = not Dies()
    z = Dies() == n
    return abs(x + y + z)


def unpacked(n):
    a, b = Dies(), Dies()
    a, b = n, n
    abs(n)
    return a


def argument(n):
    takes(Dies(), n)
    takes(n, Dies())
    return abs(n)


def takes(a, b):
    a = b
    b = None
    return a is b


def raised(n):
    try:
        raise KeyError(Dies())
    except KeyError:
        pass
    return abs(n)


def looped(n):
    for i in range(3):
        d = Dies()
        d = None
        n += i
    return n


def numbers(n):
    d = Dies()
    x = n + 0.5
    i = 0
    while i < 3:
        x += 1.5
        i += 1
        if i == 2:
            d = x
    return d, x, i


def run(function, how):
    global begin
    events.clear()
    begin = how
    result = function(2)
    begin = None
    sys.settrace(None)
    sys.setprofile(None)
    frame = sys._getframe()
    while frame:
        frame.f_trace = None
        frame = frame.f_back
    if how:
        print(function.__name__, how.__name__, result, events[:60])


FUNCTIONS = (overwritten, deleted, popped, cell, attribute, loaded, item, compared, unpacked,
             argument, raised, looped, numbers)
for turn in range(3):
    for function in FUNCTIONS:
        for how in (None,) * 60 + (trace, profile):
            run(function, how)


# A loop that would run to its end unseen.
class Counted:
    n = 0

    def __del__(self):
        Counted.n += 1
        if Counted.n == 60000:
            trace()


def long(n):
    total = 0
    for x in range(n):
        d = Counted()
        d = None
        total += x
        total ^= 1
    return total


long(60002)
sys.settrace(None)
print(events)
