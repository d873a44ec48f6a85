# Objects whose classes have __getitem__ and __setitem__ in Python: called directly, and built in where they are small.
import sys
import traceback

from _repeat import repeat


class Grid:
    def __init__(self, w, h):
        self.w = w
        self.h = h
        self.data = [0.0] * (w * h)
        self.sets = 0

    def index(self, x, y):
        if 0 <= x < self.w and 0 <= y < self.h:
            return y * self.w + x
        raise IndexError((x, y))

    def __getitem__(self, key):
        x, y = key
        return self.data[self.index(x, y)]

    def __setitem__(self, key, value):
        x, y = key
        self.data[self.index(x, y)] = value


class Counts:
    """Stores what becomes too large for a machine word."""

    def __init__(self):
        self.total = 0

    def __getitem__(self, key):
        return self.total + key

    def __setitem__(self, key, value):
        self.total = self.total + key * value
        return "nobody sees this"


class SubList(list):
    def __getitem__(self, key):
        return ("list", key)

    def __setitem__(self, key, value):
        list.append(self, (key, value))


class SubDict(dict):
    def __getitem__(self, key):
        return ("dict", key)


class Plain(dict):
    def __missing__(self, key):
        return ("missing", key)


class More:
    def __getitem__(self, key, more="default"):
        return key, more

    def __setitem__(self, *args):
        self.args = args


class Generator:
    def __getitem__(self, key):
        yield key
        yield key + 1


class Static:
    @staticmethod
    def __getitem__(key):
        return "static", key

    @classmethod
    def __setitem__(cls, key, value):
        cls.last = key, value


class Slots:
    __slots__ = ("a",)

    def __getitem__(self, key):
        return self.a + key

    def __setitem__(self, key, value):
        self.a = value


class Hidden:
    """What an instance has of its own is not looked at."""

    def __init__(self):
        self.__getitem__ = lambda key: "own"

    def __getitem__(self, key):
        return "class"


class Frames:
    def __getitem__(self, key):
        return sys._getframe(key).f_code.co_name, sys._getframe(key).f_lineno > 0


class Deep:
    def __getitem__(self, key):
        return self[key + 1]


class Raises:
    def __getitem__(self, key):
        return 1 // key

    def __setitem__(self, key, value):
        self.value = value // key


class Dies:
    def __init__(self, out):
        self.out = out

    def __del__(self):
        self.out("died in", sys._getframe(1).f_code.co_name)


def relax(grid, cycles):
    for _ in range(cycles):
        for y in range(1, grid.h - 1):
            for x in range(1, grid.w - 1):
                grid[x, y] = 0.25 * (grid[x, y - 1] + grid[x - 1, y] + 1) + grid[x, y] * 0.5
    return sum(grid.data)


def get(container, key):
    return container[key]


def put(container, key, value):
    container[key] = value


def grow(counts, n):
    for i in range(n):
        counts[i] = 2**56
    return counts.total, counts[1]


def lines(function, *args):
    try:
        function(*args)
    except Exception as e:
        return [type(e).__name__] + [(f.name, f.lineno) for f in traceback.extract_tb(e.__traceback__)]


def depth():
    try:
        get(Deep(), 0)
    except RecursionError as e:
        return str(e)


def changes(out):
    class Changing:
        def __getitem__(self, key):
            return "first", key

        def __setitem__(self, key, value):
            self.stored = value

    seen = []
    changing = Changing()
    for i in range(60):
        seen.append(changing[i][0])
        changing[i] = i
        if i == 20:
            Changing.__getitem__ = lambda self, key: ("second", key)
        if i == 40:
            Changing.__setitem__ = lambda self, key, value: seen.append("set")
        if i == 50:
            Changing.__getitem__.__code__ = (lambda self, key: ("third", key)).__code__
        if i == 55:
            del Changing.__setitem__
            Changing.__setitem__ = dict.__setitem__
            try:
                changing[i] = 1
            except TypeError as e:
                out(str(e).replace(hex(id(changing)), ""))
            break
    out(seen, changing.stored)


def body(out):
    grid = Grid(6, 5)
    out(relax(grid, 8))
    out(lines(get, grid, (6, 1)), lines(put, grid, (1, -1), 0), lines(get, grid, 3), lines(put, grid, (1, 2, 3), 0))
    out(grow(Counts(), 40))
    for _ in range(3):
        for thing in [SubList([1]), SubDict(a=1), Plain(), More(), [5, 6], (7, 8), "xy", {1: 2}, Hidden(), Static(), grid]:
            out(get(thing, (1, 1) if thing is grid else 1))
    out(list(get(Generator(), 3)))
    slots = Slots()
    out(lines(get, slots, 1))
    for i in range(20):
        put(slots, 0, i)
        out(get(slots, i))
    more = More()
    for thing in [SubList(), more, Static(), Counts(), grid, [0, 1], {}, slots]:
        for i in range(4):
            put(thing, (1, 1) if thing is grid else 1, 5)
    out(more.args[1:], Static.last)
    for _ in range(20):
        out(get(Frames(), 0), get(Frames(), 1))
    out(depth())
    for key in (1, 2, 0, 3):
        out(lines(get, Raises(), key), lines(put, Raises(), key, 5))
    put(grid, (0, 0), Dies(out))
    put(grid, (0, 0), 0.0)
    changes(out)


repeat(body)
