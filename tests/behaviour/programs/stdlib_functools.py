# functools, operator, itertools, contextvars: Python functions called from C in every way.
import contextvars
import functools
import heapq
import itertools
import operator
from _repeat import repeat


@functools.lru_cache(maxsize=None)
def fib(n):
    return n if n < 2 else fib(n - 1) + fib(n - 2)


@functools.singledispatch
def show(x):
    return "object"


@show.register
def _(x: int):
    return "int"


@show.register(list)
def _(x):
    return "list"


def deco(f):
    @functools.wraps(f)
    def wrapper(*a, **k):
        return ("wrapped", f(*a, **k))
    return wrapper


@deco
def named(x):
    """doc"""
    return x


@functools.total_ordering
class V:
    def __init__(self, v):
        self.v = v

    def __eq__(self, o):
        return self.v == o.v

    def __lt__(self, o):
        return self.v < o.v


class Lazy:
    @functools.cached_property
    def value(self):
        calls.append(1)
        return 42


calls = []
var = contextvars.ContextVar("var", default=0)


def in_context():
    var.set(var.get() + 1)
    return var.get()


def body(out):
    fib.cache_clear()
    calls.clear()
    out(fib(60), fib.cache_info(), show(1), show([]), show("x"), named(3), named.__name__, named.__doc__)
    out(V(1) >= V(1), V(2) > V(1), sorted([V(3), V(1)])[0].v, functools.reduce(lambda a, b: a * 10 + b, [1, 2, 3]), functools.partial(int, base=2)("101"))
    l = Lazy()
    out(l.value, l.value, len(calls))
    out(sorted("bca", key=functools.cmp_to_key(lambda a, b: (a > b) - (a < b))), operator.itemgetter(1, 0)("ab"), operator.attrgetter("real")(5), operator.methodcaller("upper")("x"))
    out([(k, list(g)) for k, g in itertools.groupby([1, 1, 2, 3, 3], lambda x: x % 3)], list(itertools.accumulate([1, 2, 3], lambda a, b: a * b)), list(itertools.starmap(pow, [(2, 3), (3, 2)])))
    out(list(itertools.takewhile(lambda x: x < 3, itertools.count())), list(itertools.product("ab", repeat=2))[:3], list(itertools.pairwise([1, 2, 3])), list(itertools.filterfalse(lambda x: x, [0, 1])))
    c = contextvars.copy_context()
    out(c.run(in_context), c.run(in_context), var.get())
    h = [V(x) for x in (5, 1, 4)]
    heapq.heapify(h)
    out([heapq.heappop(h).v for _ in range(3)], heapq.nlargest(2, [1, 5, 3], key=lambda x: -x))
    out(list(map(lambda a, b: a - b, [5, 6], [1, 2])), max([V(1), V(3)]).v, sorted([3, 1, 2], key=lambda x: (x == 2, x)))


repeat(body, 40)
