# Builtins a compiler may know: len, isinstance, min, max, sum, abs, any, all, ord, chr, sorted, zip, super, type, int, float, str, divmod, round, iter, next, getattr.
from _repeat import repeat


class Sized:
    def __init__(self, n):
        self.n = n

    def __len__(self):
        return self.n


class Animal:
    pass


class Dog(Animal):
    pass


class Virtual:
    @property
    def __class__(self):
        return Dog


def attempt(f, *a, **k):
    try:
        return f(*a, **k)
    except Exception as e:
        return f"{type(e).__name__}: {e}"


def lengths(x):
    return len(x)


def kinds(x):
    return isinstance(x, int), isinstance(x, (str, Animal)), isinstance(x, Animal | float), type(x) is int, issubclass(type(x), Animal)


def body(out):
    out([attempt(lengths, x) for x in ([], "ab", (1,), {1: 2}, {1}, range(5), b"x", Sized(3), Sized(-1), Sized(2**70), Sized("x"), 5, None)])
    for x in (1, True, "s", 1.5, Dog(), Animal(), Virtual(), None):
        out(kinds(x))
    out(attempt(isinstance, 1, 5), attempt(isinstance, 1, (int, 5)), attempt(isinstance, 1))
    out(min(1, 2), min([3, 1.0, 1]), max("a", "b"), max([], default="d"), min(1, True), max(1.0, 1), attempt(min), attempt(max, []), attempt(max, 1, "a"), min("abc", key=ord))
    out(sum([1, 2.5, True]), sum([[1], [2]], []), attempt(sum, ["a"]), attempt(sum, ["a"], ""), sum(range(100)), sum([2**62] * 4), sum([0.1] * 10), sum((), start=5))
    out(abs(-3), abs(-(2**63)), abs(-0.0), abs(3 + 4j), abs(True), attempt(abs, "x"))
    out(any([]), all([]), any([0, "", "x"]), all([1, 0]), attempt(any, 5))
    out(ord("a"), ord("€"), ord(b"z"), chr(97), chr(0x1F600), attempt(ord, "ab"), attempt(chr, -1), attempt(chr, 2**40), attempt(ord, 5))
    out(sorted([3, 1, 2]), sorted("hello", reverse=True), sorted([(1, "b"), (1, "a")]), attempt(sorted, [1, "a"]), sorted({3: 1, 1: 2}), sorted([1, -2, 3], key=abs))
    out(int("12"), int("ff", 16), int(3.9), int(-3.9), float("1e3"), float("-inf"), str(1.0), str(None), bool([]), attempt(int, "1.5"), attempt(float, "x"), int(True))
    out(divmod(7, -2), divmod(-7.5, 2), round(2.5), round(-1.567, 2), round(1234, -2), round(3.0), pow(3, 4), pow(3, -1), pow(3, 4, 5), attempt(pow, 2, -1, 0))
    out(getattr(1, "real"), getattr(1, "no", "default"), attempt(getattr, 1, "no"), hasattr([], "append"), callable(len), callable(5), id(None) == id(None), hash("a") == hash("a"))
    it = iter([1])
    out(next(it), next(it, "end"), attempt(next, it), attempt(next, []), repr("q"), ascii("é"), hex(255), bin(-5), oct(8), format(3.14159, ".2f"))
    out(list(zip("ab", [1, 2, 3])), list(map(max, [1, 5], [3, 2])), list(filter(lambda x: x % 2, range(5))), list(reversed("abc")), tuple([1]), list((1,)), dict([(1, 2)]), set("aa"), type("T", (), {}).__name__, bytes(2), list(range(3, 0, -1)), tuple(), attempt(dict, 5), attempt(list, 5), vars(Dog()))


repeat(body)
