# exec, eval, compile with own namespaces; code run many times; locals() as namespace; __builtins__.
from _repeat import repeat


def scope(x):
    y = 2
    exec("z = x + y\nx = 100")
    try:
        return x, z
    except NameError as e:
        return x, str(e)


def namespace():
    ns = {"n": 10}
    exec("total = 0\nfor i in range(n):\n    total += i\ndef f(a): return a + total", ns)
    return ns["total"], ns["f"](5)


def split():
    g, l = {"a": 1}, {"b": 2}
    exec("c = a + b\ndef f(): return a\nclass K:\n  v = a\nglobal d\nd = 5", g, l)
    return sorted(k for k in g if k != "__builtins__"), sorted(l), l["K"].v, l["f"]()


class Mapping:
    def __init__(self):
        self.log = []

    def __getitem__(self, key):
        self.log.append(("get", key))
        if key == "known":
            return 7
        raise KeyError(key)

    def __setitem__(self, key, value):
        self.log.append(("set", key, value))

    def __delitem__(self, key):
        self.log.append(("del", key))


code = compile("sum(i * k for i in range(50))", "<expr>", "eval")
block = compile("t = 0\nwhile t < 400:\n    t += step", "<block>", "exec")


def body(out):
    out(scope(1), namespace(), split())
    m = Mapping()
    exec("a = known\nb = len\ndel a\nfor i in (1, 2): pass", {"__builtins__": {"len": 5}}, m)
    out(m.log)
    out([eval(code, {"k": k}) for k in (1, 2.5, True)])
    for step in (1, 3, 0.5):
        ns = {"step": step}
        exec(block, ns)
        out(ns["t"])
    for source in ("1 +", "return 5", "x = ", "yield"):
        try:
            exec(source)
        except SyntaxError as e:
            out(e.msg, e.lineno)
    try:
        eval("undefined_name + 1", {})
    except NameError as e:
        out(e)
    out(eval("[x for x in range(3) if x]"), eval("lambda q: q + 1")(2), eval("(y := 5) + y"))
    out(type(compile("print(1)", "f", "single")).__name__)


repeat(body)
