"""Small functions that are built into their callers: what leaves them, and who looks at them meanwhile."""

import gc
import sys
import traceback

from _repeat import repeat


def show(what):
    repeat(lambda out: out(what()), 300)


class Point:
    scale = 2
    big = False

    def __init__(self, x, y):
        self.x = x
        self.y = y

    def get_x(self):
        return self.x

    def set_x(self, value):
        self.x = value

    def dot(self, other):
        return self.x * other.x + self.y * other.y

    def outer(self, other):
        return self.dot(other) + self.get_x()

    def is_far(self):
        return self.big or (not self.near and self.x > 3)

    near = False

    @property
    def area(self):
        return self.x * self.y

    def swap(self):
        old = self.x
        self.x = self.y
        self.y = old


def double(n):
    return n + n


def quadruple(n):
    return double(n) + double(n)


def octuple(n):
    return quadruple(n) + quadruple(n)


def plain():
    p, q = Point(1, 2), Point(3, 4)
    total = 0
    for i in range(5):
        p.set_x(i)
        p.swap()
        total += p.dot(q) + p.outer(q) + q.get_x() + octuple(i) + p.area
        if q.is_far():
            total += 1000
    return total


show(plain)


# What leaves in the midst: other classes, numbers that grow, attributes that are missing.
def others():
    out = []
    for x in (1, 2.5, 1 << 70, "ab", None, True):
        p, q = Point(x, 2), Point(3, 4)
        try:
            out.append((p.outer(q), octuple(x), p.area))
        except TypeError as error:
            frames = traceback.extract_tb(error.__traceback__)
            out.append([(f.name, f.line) for f in frames])
    p = Point(1, 2)
    del p.y
    try:
        p.outer(p)
    except AttributeError as error:
        out.append([(f.name, f.line, sorted(t.tb_frame.f_locals)) for f, t in zip(
            traceback.extract_tb(error.__traceback__), tracebacks(error))])
    return out


def tracebacks(error):
    at = error.__traceback__
    while at:
        yield at
        at = at.tb_next


show(others)


# Finalizers see the frames that there would be.
class Dying:
    def __init__(self, log, name):
        self.log = log
        self.name = name

    def __del__(self):
        frame = sys._getframe(1)
        chain = []
        while frame.f_code.co_name != "show" and len(chain) < 4:
            chain.append((frame.f_code.co_name, frame.f_lineno - frame.f_code.co_firstlineno,
                          sorted(k for k, v in frame.f_locals.items() if v is not self)))
            frame = frame.f_back
        self.log.append((self.name, chain[:3]))


class Holder:
    def __init__(self, value):
        self.value = value

    def put(self, value):
        self.value = value

    def put_twice(self, first, second):
        self.put(first)
        kept = second
        self.put(kept)


def ignore(value):
    return 1


def finalized():
    log = []
    holder = Holder(0)
    holder.put(Dying(log, "a"))
    holder.put(Dying(log, "b"))
    ignore(Dying(log, "c"))
    holder.put_twice(Dying(log, "d"), Dying(log, "e"))
    holder.put(0)
    return log


show(finalized)

kept = []


class Keeping:
    def __del__(self):
        kept.append(sys._getframe(1))


def keeps():
    kept.clear()
    holder = Holder(0)
    holder.put(Keeping())
    holder.put(1)
    frame = kept.pop()
    seen = frame.f_code.co_name, sorted(frame.f_locals)
    del frame
    gc.collect()
    return seen, holder.value


repeat(lambda out: out(keeps()), 100)


# The limit of recursion counts what is inlined.
def down(n):
    if n == 0:
        return double(1)
    return down(n - 1) + double(n)


def deepest():
    low, high = 1, 400
    while low < high:
        middle = (low + high + 1) // 2
        try:
            down(middle)
            low = middle
        except RecursionError:
            high = middle - 1
    return low


sys.setrecursionlimit(300)
repeat(lambda out: out(deepest()), 40)
sys.setrecursionlimit(1000)


# Functions change at any time.
def changed():
    before = octuple(3), Point(1, 2).get_x()
    double.__code__ = (lambda n: n - 100).__code__
    Point.get_x = lambda self: "patched"
    after = octuple(3), Point(1, 2).get_x()
    double.__code__ = code
    Point.get_x = get_x
    return before, after


code, get_x = double.__code__, Point.get_x
repeat(lambda out: out(changed()), 100)


class Swapping:
    """Changes the code of what is running inlined, and makes it leave then."""

    def __init__(self, holder):
        self.holder = holder

    def __del__(self):
        Switch.put.__code__ = (lambda self, value: "other").__code__
        self.holder.number = 1.5


class Switch:
    def __init__(self):
        self.value = None
        self.number = 1

    def put(self, value):
        self.value = value
        return self.number + self.number


put_code = Switch.put.__code__


def swapped():
    out = []
    for i in range(4):
        switch = Switch()
        switch.value = Swapping(switch) if i == 3 else None
        out.append(switch.put(i))
    out.append(switch.put(1))
    Switch.put.__code__ = put_code
    return out


show(swapped)


# Tracing that begins in the midst sees the calls from then on.
events = []


def tracer(frame, event, arg):
    if frame.f_code.co_name in ("double", "quadruple", "get_x", "traced"):
        events.append((frame.f_code.co_name, event))
    return tracer


class StartsTracing:
    def __del__(self):
        sys.settrace(tracer)


def traced(turn):
    holder = Holder(0)
    if turn % 50 == 49:
        holder.put(StartsTracing())
    holder.put(1)
    result = quadruple(2)
    sys.settrace(None)
    return result


def tracing():
    events.clear()
    out = [traced(turn) for turn in range(100)]
    return sum(out), events


repeat(lambda out: out(tracing()), 20)


# An argument dies when the function that owns it drops it.
class Counted:
    alive = 0

    def __init__(self):
        Counted.alive += 1

    def __del__(self):
        Counted.alive -= 1


def overwrite(value):
    value = 1
    return Counted.alive


def keep(value):
    return Counted.alive


def lifetimes():
    mine = Counted()
    return overwrite(Counted()), keep(Counted()), overwrite(mine), keep(mine), Counted.alive


show(lifetimes)


# Leaving again and again does not pile up.
def missing(count):
    point, lacking = Point(1, 2), Point(1, 2)
    del lacking.x
    caught = 0
    for i in range(count):
        try:
            caught += (point if i % 3 else lacking).get_x()
        except AttributeError:
            caught += 10
    return caught


print(missing(150_000))
