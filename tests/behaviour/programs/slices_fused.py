# Subscripts by slices: bounds of every kind, other containers, errors, what __getitem__ gets.
import gc
from _repeat import repeat


class Spy:
    def __getitem__(self, key):
        return ("get", key)

    def __setitem__(self, key, value):
        self.last = (key, value)


class Changing(list):
    def __getitem__(self, key):
        return ("mine", key)


class Index:
    def __init__(self, value, container=None):
        self.value = value
        self.container = container

    def __index__(self):
        if self.container is not None:
            self.container.clear()
        return self.value


def get(c, start, stop):
    return c[start:stop]


def get3(c, start, stop, step):
    return c[start:stop:step]


def put(c, start, stop, value):
    c[start:stop] = value
    return c


def put3(c, start, stop, step, value):
    c[start:stop:step] = value
    return c


def attempt(function, *arguments):
    try:
        return repr(function(*arguments))
    except Exception as e:
        return f"{type(e).__name__}: {e}"


BOUNDS = [None, 0, 1, 3, -1, -3, 5, 100, -100, 2**70, -(2**70), True, 1.5, "x"]
STEPS = [None, 1, 2, -1, -2, 100, -(2**70), 0, 1.5]


def rotate(items):
    for i in range(len(items)):
        items[: i + 1] = items[i::-1]
    return items


def body(out):
    for c in ([1, 2, 3, 4], (1, 2, 3, 4), "abcd", "aé€𝄞", b"abcd", bytearray(b"abcd"), range(4), [], "", (), None, {}):
        for start in BOUNDS:
            for stop in BOUNDS:
                out(attempt(get, c, start, stop))
        for step in STEPS:
            out(attempt(get3, c, None, None, step), attempt(get3, c, 1, -1, step), attempt(get3, c, -1, 1, step))
    for start in BOUNDS:
        for stop in BOUNDS:
            for value in ([], [7, 8], (9,), "xy", iter([5]), 5):
                out(attempt(put, [1, 2, 3, 4], start, stop, value))
    for step in STEPS:
        out(attempt(put3, [1, 2, 3, 4], None, None, step, [7, 8]), attempt(put3, [1, 2, 3, 4], None, None, step, range(4)))
    items = [1, 2, 3]
    out(put(items, 1, 2, items), put(items, 0, 0, items[::-1]))
    spy = Spy()
    out(get(spy, 1, "a"), get3(spy, None, 2, 3), put(spy, 1, 2, 3).last, get(Changing([1]), 0, 1))
    items = [1, 2, 3]
    out(attempt(get, items, Index(0, items), 3), items, attempt(get, [1, 2, 3], Index(1), Index(2)))
    t, s = (1, 2), "ab"
    out(get(t, None, None) is t, get(s, 0, 2) is s, get(t, 0, 1) == (1,), gc.is_tracked(get([1], 0, 1)))
    for i in range(300):
        rotate(list(range(9)))
    out(rotate(list(range(9))))


repeat(body, 4)
get(1, 2, 3)
