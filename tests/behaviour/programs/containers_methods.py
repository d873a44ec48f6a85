# Methods of list, dict, set, tuple, str in hot code, on exact types and on subclasses that override them.
from _repeat import repeat


class L(list):
    def append(self, x):
        super().append(("L", x))

    def __len__(self):
        return 100 + super().__len__()


class D(dict):
    def get(self, k, d=None):
        return f"D.get {k}"

    def __contains__(self, k):
        return True


class S(str):
    def upper(self):
        return "S.upper"


def fill(l, n):
    for i in range(n):
        l.append(i)
    return len(l), l[-1]


def lookup(d, k):
    return d.get(k), d.get(k, 0), k in d


def text(s):
    return s.upper(), s.split(","), s.replace("a", "b"), s.startswith("a"), s.join("xy"), s.strip("a"), f"{s:>5}"


def sets(a, b):
    return sorted(a | b), sorted(a & b), sorted(a - b), sorted(a ^ b), a <= b, a.isdisjoint(b)


def body(out):
    out(fill([], 10), fill(L(), 10))
    for d in ({"a": 1}, D(a=1), {}):
        out(lookup(d, "a"))
    for s in ("a,b", S("a,b"), ""):
        out(text(s))
    out(sets({1, 2}, {2, 3}), sets(frozenset([1]), {1}))
    l = [3, 1, 2]
    l.sort(key=lambda x: -x)
    l.extend(x for x in range(2))
    l.insert(1, "i")
    out(l, l.pop(), l.pop(0), l.index(2), l.count(1), l[::-1])
    l.reverse()
    l.remove("i")
    out(l, l.copy() == l, l.clear(), l)
    d = {}
    d.setdefault("k", []).append(1)
    d.setdefault("k", []).append(2)
    d.update(z=1)
    out(d, d.pop("z"), d.pop("z", "default"), list(d.items()), d.popitem(), d | {"n": 1})
    for bad in (lambda: [].pop(), lambda: {}.popitem(), lambda: [].remove(1), lambda: {}.pop(1), lambda: "".index("x"), lambda: [].append(), lambda: "a".join([1])):
        try:
            bad()
        except Exception as e:
            out(type(e).__name__, e)
    out((1, 2, 1).count(1), (1, 2).index(2), "%s-%d" % ("a", 3), "{0}{x}".format(1, x=2), b"a,b".split(b","), "aXb".casefold().partition("x"))


repeat(body)
