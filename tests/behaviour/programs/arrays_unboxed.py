# array.array, bytes and bytearray in loops: limits of every type code, indices, sizes that change, other classes.
import array
from _repeat import repeat


class Loud(array.array):
    def __getitem__(self, index):
        return ("loud", index)

    def __setitem__(self, index, value):
        print("set", index, value)


class Index:
    def __init__(self, value):
        self.value = value

    def __index__(self):
        return self.value


def total(values, count):
    result = 0
    for i in range(count):
        result += values[i]
    return result


def copy(to, values, count):
    for i in range(count):
        to[i] = values[i]
    return to


def store(to, index, value):
    to[index] = value
    return to[index]


def load(values, index):
    return values[index]


def attempt(function, *arguments):
    try:
        return repr(function(*arguments))
    except Exception as e:
        return f"{type(e).__name__}: {e}"


def shrinking(values):
    result = 0
    for i in range(300):
        result += values[i]
        if i % 2:
            values.pop()
    return result


NUMBERS = [0, 1, -1, 127, 128, 255, 256, -128, 2**31 - 1, 2**31, -(2**31), -(2**31) - 1, 2**32 - 1, 2**32, 2**63 - 1, 2**63, -(2**63), True, 1.5, -0.0,
           float("nan"), float("inf"), None, "1", Index(3)]  # fmt: skip


def body(out):
    for code in "bBhHiIlLqQfd":
        values = array.array(code, range(100)) * 30
        out(code, total(values, len(values)), total(copy(array.array(code, values), values[::-1], 3000), 3000))
        warm = array.array(code, [1, 2, 3])
        for i in range(3000):
            store(warm, i % 3, 1.5 if code in "fd" else i % 100)
            load(warm, -1)
        for number in NUMBERS:
            if not isinstance(number, Index):
                out(code, repr(number), attempt(store, warm, 1, number))
        for index in (-4, -3, 2, 3, 2**70, True, None, 1.0, Index(1), slice(1, 2)):
            out(code, index if not isinstance(index, Index) else "index", attempt(load, warm, index), attempt(load, warm, -3))
        out(code, attempt(store, warm, 3, 1), attempt(store, warm, -4, 1), attempt(store, warm, -3, 1), warm)
        out(attempt(shrinking, array.array(code, range(100)) * 2))
    out(load(Loud("d", [1.0]), 0), attempt(store, Loud("d", [1.0]), 0, 2.0))
    out(load([1, 2], 1), load((1, 2), 1), load("ab", 1), load({1: "one"}, 1))
    data = bytearray(range(256)) * 12
    out(total(data, len(data)), total(bytes(data), len(data)), copy(bytearray(3072), data, 3072) == data)
    for number in NUMBERS:
        if not isinstance(number, Index):
            out(repr(number), attempt(store, data, 5, number), attempt(store, bytes(10), 5, number))
    out(attempt(load, data, 4000), attempt(load, b"abc", 3), attempt(load, b"abc", -3), attempt(load, b"abc", -4))
    out(attempt(shrinking, bytearray(200)))


repeat(body, 3)
