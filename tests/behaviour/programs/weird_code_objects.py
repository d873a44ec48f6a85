# Code objects that no compiler of source makes in this form: replaced constants, names, stack sizes, flags, line tables.
import types
from _repeat import repeat


def base(a, b=2):
    c = a + b
    return c * 10


def gen(n):
    for i in range(n):
        yield i


def body(out):
    code = base.__code__
    f = types.FunctionType(code.replace(co_consts=tuple(7 if c == 10 else c for c in code.co_consts)), {}, "f", (5,))
    out(f(1), f(1, 1))
    f = types.FunctionType(code.replace(co_stacksize=50, co_firstlineno=1000, co_filename="elsewhere.py"), {}, None, (1,))
    out(f(2), f.__name__)
    try:
        f("x")
    except TypeError as e:
        t = e.__traceback__.tb_next
        out(t.tb_lineno, t.tb_frame.f_code.co_filename)
    g = types.FunctionType(gen.__code__.replace(co_name="other", co_qualname="q.other"), {"range": lambda n: [n] * 2})
    out(list(g(3)), g(1).__qualname__)
    c = compile("x = [i for i in y]\nz = x", "<s>", "exec")
    ns = {"y": "abc"}
    exec(c.replace(co_names=tuple(n.upper() if n == "z" else n for n in c.co_names)), ns)
    out(ns["Z"])


repeat(body)
