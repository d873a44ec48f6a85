# and, or, not, chained comparison, conditional expressions: what is evaluated, in which order.
from _repeat import repeat

log = []


def v(name, value):
    log.append(name)
    return value


def body(out):
    log.clear()
    out(v("a", 0) and v("b", 1), v("c", 2) and v("d", 3), v("e", "") or v("f", []), v("g", 5) or v("h", 6))
    out(v("a", 1) < v("b", 2) < v("c", 3), v("d", 3) < v("e", 2) < v("f", 9))
    out(v("x", 1) == v("y", 1.0) == v("z", True), not v("n", None))
    out(v("t", "then") if v("i", False) else v("e", "else"))
    d = {v("k1", 1): v("v1", "x"), v("k2", 2): v("v2", "y")}
    v("list", [0])[v("index", 0)] = v("value", 9)
    out((lambda a, b=v("default", 3), *c, **k: (a, b, c, k))(v("p", 1), *v("star", [2, 3]), z=v("kw", 4), **v("dstar", {"y": 5})))
    x = [v("l0", 0), *v("l1", (1, 2)), v("l3", 3)]
    out(x, d, " ".join(log))
    a = b = v("chain", 7)
    (a, b), c = (v("first", 1), v("second", 2)), v("third", 3)
    out(a, b, c, log[-4:])
    out(0 or None or False, 1 and [] and 2, [] == () or {} != [], None is None is not False)


repeat(body)
