# Operators and comparisons of classes that have them in Python: who is asked first, NotImplemented, replaced methods.
import functools
import sys
from _repeat import repeat

log = []


class V:
    def __init__(self, x):
        self.x = x

    def __repr__(self):
        return f"{type(self).__name__}({self.x})"

    def __add__(self, other):
        if isinstance(other, V):
            return V(self.x + other.x)
        if isinstance(other, int):
            return V(self.x + other)
        return NotImplemented

    def __radd__(self, other):
        log.append("radd")
        return V(("r", other, self.x))

    def __mul__(self, other):
        return self.x * other

    def __sub__(self, other):
        return NotImplemented

    def __truediv__(self, other):
        log.append("truediv")
        return None

    def __eq__(self, other):
        return isinstance(other, V) and self.x == other.x

    def __lt__(self, other):
        if not isinstance(other, V):
            return NotImplemented
        return self.x < other.x

    def __gt__(self, other):
        log.append("gt")
        return NotImplemented

    def __hash__(self):
        return hash(self.x)


class W(V):
    def __radd__(self, other):
        log.append("W radd")
        return W(self.x)

    def __lt__(self, other):
        log.append("W lt")
        return "W<"

    def __gt__(self, other):
        log.append("W gt")
        return []


class Right:
    def __radd__(self, other):
        return "right"

    def __rsub__(self, other):
        return NotImplemented


class Inplace(V):
    def __iadd__(self, other):
        self.x += 1
        return self


class Items(list):
    def __add__(self, other):
        return NotImplemented

    def __mul__(self, other):
        return NotImplemented


@functools.total_ordering
class Version:
    def __init__(self, *parts):
        self.parts = parts

    def __eq__(self, other):
        return self.parts == other.parts

    def __lt__(self, other):
        return self.parts < other.parts


def attempt(out, what):
    try:
        out(what())
    except Exception as error:
        out(type(error).__name__, error)


def operators(out):
    v, w, five = V(2), W(3), 5
    for i in range(30):
        a = v + v
        b = v + i
        c = v * 2
        d = v / 2
        e = v == v, v == 3, v < a, a == None  # noqa: E711
        n = v
        n += v
        n += 1
    out(a, b, c, d, e, n, len(log))
    log.clear()
    for left, right in ((v, w), (w, v), (v, Right()), (v, "s"), (v, 1.5), (v, None), (1, v), (w, w), (v, True), (v, [1])):
        for _ in range(3):
            for what in (lambda: left + right, lambda: left - right, lambda: left * right, lambda: left < right, lambda: left > right, lambda: left == right, lambda: left != right, lambda: left >= right, lambda: left / right):
                attempt(out, what)
    out(log)
    log.clear()
    items = Items([1])
    for _ in range(5):
        attempt(out, lambda: items + [2])
        attempt(out, lambda: items * 2)
        x = Inplace(1)
        x += 5
        out(x)


def add(a, b):
    return a + b


def less(a, b):
    return a < b


def subtract_from(a, b):
    a -= b
    return a


def types_change(out):
    """Sites see other classes, and methods are replaced, once they are compiled."""
    for left, right in ((V(1), V(2)), (V(1), 2), (W(1), V(2)), (V(1), W(2)), (1, 2), ("a", "b"), (1.5, V(1)), ([1], [2]), (V(1), Right())):
        for _ in range(40):
            result = add(left, right)
        out(result, len(log))
        log.clear()
    for left, right in ((V(1), V(2)), (W(1), V(2)), (V(2), W(1)), (1, 2), (Version(1, 2), Version(1, 3)), ("a", "b")):
        for _ in range(40):
            result = less(left, right)
        out(result, len(log))
        log.clear()
    old = V.__add__, V.__lt__
    for _ in range(40):
        add(V(1), V(1)), less(V(1), V(1))
    V.__add__ = lambda self, other: "replaced"
    V.__lt__ = lambda self, other: "less"
    out(add(V(1), V(1)), less(V(1), V(1)))
    del V.__add__, V.__lt__
    attempt(out, lambda: add(V(1), V(1)))
    attempt(out, lambda: less(V(1), V(1)))
    V.__add__, V.__lt__ = old
    out(add(V(1), V(1)), less(V(1), V(1)))
    for _ in range(40):
        attempt(lambda *parts: None, lambda: subtract_from(V(1), V(1)))
    attempt(out, lambda: subtract_from(V(1), V(1)))
    attempt(out, lambda: subtract_from(V(1), 3))
    attempt(out, lambda: V(1) - V(1))
    attempt(out, lambda: less(V(1), 3))
    attempt(out, lambda: less(V(1), None))


class Changes:
    """Its class is another one once its method has been called."""

    def __add__(self, other):
        self.__class__ = V
        self.x = 0
        return NotImplemented

    __lt__ = __add__


def class_changes(out):
    for _ in range(20):
        attempt(out, lambda: add(Changes(), Changes()))
        attempt(out, lambda: add(Changes(), 1))
        attempt(out, lambda: less(Changes(), 1))
    log.clear()


class Deep:
    def __init__(self, n):
        self.n = n

    def __add__(self, other):
        return 1 if self.n == 0 else Deep(self.n - 1) + other

    def __lt__(self, other):
        return self.n == 0 or Deep(self.n - 1) < other

    def __eq__(self, other):
        raise KeyError(self.n)


def depth(out):
    def limit(operation):
        low, high = 1, 400
        while low < high:
            middle = (low + high) // 2
            try:
                operation(Deep(middle))
                low = middle + 1
            except RecursionError:
                high = middle
        return low

    old = sys.getrecursionlimit()
    for _ in range(30):
        Deep(20) + 1, Deep(20) < 1
    sys.setrecursionlimit(len(__import__("inspect").stack()) + 200)
    try:
        results = limit(lambda deep: deep + 1), limit(lambda deep: deep < 1)
    finally:
        sys.setrecursionlimit(old)
    out(results)
    for _ in range(10):
        attempt(out, lambda: Deep(3) == 2)


class Dies:
    def __init__(self, name):
        self.name = name

    def __add__(self, other):
        log.append("in add")
        return Dies("sum")

    def __lt__(self, other):
        log.append("in lt")
        return NotImplemented

    __gt__ = __lt__

    def __del__(self):
        log.append(self.name)


def lives(out):
    def once():
        Dies("a") + Dies("b")
        log.append("--")
        c = Dies("c") + 1
        log.append("--")
        try:
            Dies("d") < Dies("e")
        except TypeError:
            log.append("error")
        del c

    for _ in range(40):
        once()
    out(log[-15:], len(log))
    log.clear()


def lines(out):
    class Looks:
        def __add__(self, other):
            frame = sys._getframe(1)
            return frame.f_lineno - frame.f_code.co_firstlineno, sorted(frame.f_locals)

        __lt__ = __add__

    def uses(a):
        b = 1
        c = (a
             + b)
        d = a < b
        return c, d, a + a

    for _ in range(40):
        result = uses(Looks())
    out(result)


for body in (operators, types_change, class_changes, depth, lives, lines):
    repeat(body, 12)


class Clears:
    """Its methods let go of their parameters."""

    def __init__(self, name):
        self.name = name

    def __add__(self, other):
        del self, other
        log.append("cleared")
        return 1

    def __lt__(self, other):
        self = other = None
        log.append("cleared")
        return NotImplemented

    __gt__ = __lt__

    def __setitem__(self, key, value):
        pass

    def __del__(self):
        frame = sys._getframe(1)
        log.append((self.name, frame.f_code.co_name, frame.f_lineno - frame.f_code.co_firstlineno))


class ClearsItems(Clears):
    def __setitem__(self, key, value):
        del self, key
        value = None
        log.append("cleared")


def operands_live(out):
    def once(cls):
        cls("a") + cls("b")
        cls("c") + 1
        try:
            cls("d") < cls("e")
        except TypeError:
            log.append("error")
        cls("container")[cls("key")] = cls("value")
        cls("container")[1] = cls("value")

    for cls in (Clears, ClearsItems):
        for _ in range(40):
            once(cls)
        out(log[-15:], len(log))
        log.clear()


repeat(operands_live, 12)
