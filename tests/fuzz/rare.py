"""What only rare programs do: instances of C classes with dicts, star imports, annotations, statements that print, pending calls."""

from __future__ import annotations

from builder import Builder
from expressions import constant
from patches import hot_loop
from statements import body


def builtin_instances(b: Builder) -> None:
    """Attributes and methods of objects whose classes are written in C, and that may have a dict."""
    name = b.fresh("f")
    makers = (
        "ValueError(i)",
        "types.SimpleNamespace(args=1)",
        "functools.partial(max, i)",
        "(lambda: i)",
        "OSError(i, 'x')",
        "object()",
        "weakref.WeakSet()",
        "types.ModuleType('m')",
        "KeyError",
        "3",
        "1.5",
        "'s'",
    )
    uses = (
        "x = o.args",
        "x = o.with_traceback(None)",
        "o.extra = i; x = o.extra",
        "x = o.func",
        "x = o.__doc__",
        "x = type(o).__name__",
        "o.__dict__['k'] = i; x = o.k",
        "x = o.__class__.__name__",
        "x = o.__eq__(o)",
        "x = o.__init__",
        "x = o.add_note('n')",
        "o.args = (i,); x = o.args",
        "x = o.__reduce__()[1:2]",
        "x = o.add_note",
    )
    with b.block(f"def {name}(objects, n):"):
        b.line("out = []")
        with b.block("for i in range(n):"):
            b.line("o = objects(i)")
            with b.block("try:"):
                for use in b.random.sample(uses, b.number(1, 3)):
                    for line in use.split("; "):
                        b.line(line)
                b.line("out.append(x)")
            with b.block("except (AttributeError, TypeError) as error:"):
                b.line("out.append(describe(error))")
        b.line("return out")
    for maker in b.random.sample(makers, b.number(1, 2)) + [f"({b.pick(makers)} if i % 2 else {b.pick(makers)})"]:
        b.line(f"for k in range(2): attempt('{name}', {name}, lambda i: {maker}, 45)")


def texts(b: Builder) -> None:
    """Code whose kind makes instructions that functions do not have."""
    text = b.pick(
        (
            "from math import *\\nr = floor(t) + ceil(2.5)",
            "x: int = t\\ny: 'str'\\nr = sorted(__annotations__)",
            "t\\nt + 1\\n'text'\\nNone",
            "class A:\\n    x: int = t\\n    def f(self): return self.x\\n    y = [f, x][1]\\nr = A().f(), A.__annotations__",
            "def f():\\n    del q\\n    q = 1\\ntry: f()\\nexcept NameError as e: r = type(e).__name__",
            "def f(x):\\n    del x\\n    return x\\nfor i in range(3):\\n    try: f(i)\\n    except NameError as e: r = str(e)",
            "global t\\nt = 5\\nr = t\\ndel t",
            "def f():\\n    def g(): return q\\n    r = []\\n    for i in range(4):\\n        if i == 2: q = i\\n        try: r.append(g())\\n        except NameError as e: r.append(str(e))\\n        if i == 3: del q\\n    return r\\nr = f()",
            "class B:\\n    t = t\\n    class C:\\n        u = t\\n    def g(self): return __class__.__name__\\nr = B.t, B.C.u, B().g()",
            "import os.path as p, sys as s\\nfrom os import path as q\\nr = p is q",
            "def f(n):\\n    class K:\\n        n = n\\n        m = [n for _ in range(2)]\\n    return K.n, K.m\\ntry: r = f(t)\\nexcept NameError as e: r = str(e)",
        )
    )
    kind = "single" if b.chance(0.3) and "\\n" not in text else "exec"
    if text.startswith("t\\n"):
        with b.block("def shown(t):"):
            b.line("for line in ('t', 't + 1', 'None', '[t, \"x\"]'): exec(compile(line, '<line>', 'single'), {'t': t})")
        b.line("for k in range(16): attempt('shown', shown, k)")
        return
    b.line(f"code = compile(\"{text}\", '<text>', '{kind}')")
    with b.block("def rerun(t):"):
        b.line("space = {'t': t, '__name__': 'm'}")
        b.line("exec(code, space)")
        b.line("return space.get('r')")
    b.line("for k in range(16): attempt('text', rerun, k if k < 13 else 2.5)")


def booleans(b: Builder) -> None:
    """Truth values as numbers, conditions as values."""
    name = b.fresh("f")
    with b.block(f"def {name}(a, b, n):"):
        b.line("t, x, flag = 0, a, False")
        with b.block("for i in range(n):"):
            for _ in range(b.number(2, 5)):
                b.line(
                    b.pick(
                        (
                            "t += x > i", "t += (i & 1) == 0", "flag = not flag", "flag = x < b or i == 3", "t = t + flag", "x = x + True", "flag = flag ^ (i > 5)", "flag = flag & (x == b) | (i < 9)",
                            "t += 1 if flag else -1", "if flag == 1: x += 1", "if flag is True: t ^= 1", "x = flag and x or i", "t += bool(x)", "flag = -flag", "t += flag * 3", "flag = i < x < b", "if not (flag and t > 3): t += 2",
                            "flag = a is b", "flag = flag == (t > 2)", "t = int(flag) + t", "x = -x if flag else ~i", "t += (flag, i)[0]", "t -= x != x", "t += len([1]) > i",
                        )
                    )  # fmt: skip
                )
            b.line("if t > 1000 or t < -1000: t = 0")
            b.line("if abs(x) > 1 << 61: x = i")
        b.line("return t, x, flag")
    for _ in range(b.number(2, 4)):
        b.line(f"attempt('{name}', {name}, {constant(b, 'int')}, {constant(b, b.pick(('int', 'float')))}, {b.number(20, 50)})")
    b.line(f"attempt('{name}', {name}, 2.5, True, 30)")


def pending(b: Builder) -> None:
    """Signals that arrive in the middle of hot loops, whose handlers look at frames or raise."""
    name = b.fresh("f")
    b.line("import _thread, signal")
    with b.block("def on_signal(number, frame):"):
        b.line(
            b.pick(
                (
                    "log('signal', frames(2))",
                    "raise KeyError('signal')",
                    "log('signal', frame.f_lineno, frame.f_code.co_name)",
                    "frame.f_trace_lines",
                    "globals()['f'] = 1",
                )
            )
        )
    b.line("signal.signal(signal.SIGINT, on_signal)")
    with b.block(f"def {name}(n):"), b.inside("plain", {"n": "int", "x": "int"}):
        b.line("x = 0")
        with b.block(f"for i in range({b.number(20, 40)}):"), b.loop(40):
            b.scope.variables["i"] = "int"
            b.scope.fixed.add("i")
            if b.chance(0.5):
                body(b, 1, 2)
            b.line("x += i")
            with b.block("try:"):
                b.line(f"if i % {b.number(7, 15)} == 6: _thread.interrupt_main()")
                b.line(b.pick(("x -= 1", "pass", "x += len([i])")))
            with b.block("except KeyError as error:"):
                b.line("log('caught', error)")
        b.line("return x")
    b.line(f"for k in range(3): attempt('{name}', {name}, k)")
    b.line("signal.signal(signal.SIGINT, signal.SIG_IGN)")


def changed_names(b: Builder) -> None:
    """Attributes of modules and classes, looked up in hot code, replaced."""
    name = b.fresh("f")
    work = b.pick(
        (
            ["out.append(math.floor(i + 0.5))"],
            ["out.append(operator.add(i, n))"],
            ["out.append(math.pi)", "out.append(math.sqrt(i))"],
            ["out.append(itertools.islice)"],
            ["out.append(Mortal.__name__)"],
            ["out.append(types.missing)"],
        )
    )
    change = b.pick(
        (
            "math.floor = lambda x: ('floor', x)",
            "operator.add = max",
            "math.pi = 3; math.new = 1",
            "types.missing = i",
            "math.sqrt = abs",
            "del math.sqrt",
        )
    )
    b.line("real = math.floor, operator.add, math.pi, math.sqrt")
    hot_loop(b, name, work, change, "math.floor, operator.add, math.pi, math.sqrt = real")
    b.line("vars(types).pop('missing', None)")


def metaclasses(b: Builder) -> None:
    """Classes whose classes decide: calls, attributes, tests of instances, subclasses, subscripts."""
    name, meta, owner = b.fresh("f"), b.fresh("Meta"), b.fresh("T")
    with b.block(f"class {meta}(type):"):
        for line in b.random.sample(
            (
                "def __call__(cls, *a): return super().__call__(*a) if len(a) < 2 else ('called', a)",
                "def __getattr__(cls, name): return ('meta', name)",
                "def __instancecheck__(cls, x): return x == 3",
                "def __iter__(cls): return iter((1, 2))",
                "def __len__(cls): return 4",
                "def __add__(cls, other): return 'added'",
                "def __eq__(cls, other): return NotImplemented\n    __hash__ = type.__hash__",
                "@property\n    def shared(cls): return cls.__name__",
                "def __prepare__(name, bases): return {'made': 1}",
                "def __bool__(cls): return False",
                "def __setattr__(cls, name, value): type.__setattr__(cls, name, (value,))",
                "def m(cls): return 'of the class of the class'",
            ),
            b.number(1, 5),
        ):
            b.line(line)
    with b.block(f"class {owner}(Base, metaclass={meta}):"):
        b.line("attribute = 1")
        b.line("def __init__(self, *a): self.a = a")
        b.line("def __init_subclass__(cls, **k): cls.keywords = k")
        b.line("def __class_getitem__(cls, key): return (cls.__name__, key)")
        b.line("def __set_name__(self, owner, name): self.named = name")
    with b.block(f"class Sub{owner}({owner}, flag={b.number(0, 5)}):"):
        b.line(f"field = {owner}(1)" if b.chance(0.6) else "field = 2")
    uses = (
        f"{owner}(i)", f"{owner}(i, 2)", f"{owner}.attribute", f"{owner}.missing", f"isinstance(i, {owner})", f"[*{owner}]", f"len({owner})", f"{owner} + i", f"{owner}[i]", f"{owner} == i",
        f"{owner}.shared", f"Sub{owner}.keywords", f"Sub{owner}.field", f"bool({owner})", f"setattr({owner}, 'later', i) or {owner}.later", f"{owner}.m()", f"Sub{owner}(i).a", f"issubclass(Sub{owner}, {owner})", f"{owner}.__name__", f"{owner}(i).attribute",
    )  # fmt: skip
    with b.block(f"def {name}(n):"):
        b.line("out = []")
        with b.block("for i in range(30):"):
            with b.block("try:"):
                for use in b.random.sample(uses, b.number(1, 4)):
                    b.line(f"out.append({use})")
                b.line(
                    f"if i == {b.number(15, 25)}: {b.pick((f'{owner}.attribute = 2.5', f'del {owner}.attribute', f'{meta}.__getattr__ = lambda cls, name: 5', f'{meta}.__call__ = type.__call__', f'{owner}.__init__ = lambda self, *a: None', f'Sub{owner}.attribute = n', 'pass'))}"
                )
            with b.block("except Exception as error:"):
                b.line("out.append(describe(error))")
        b.line("return out")
    b.line(f"for k in range(2): attempt('{name}', {name}, k)")


def limits(b: Builder) -> None:
    """Operations that work for long, and at last do not: overflow, counts below zero, roots of negative numbers."""
    name = b.fresh("f")
    with b.block(f"def {name}(x, d, n):"):
        b.line("out = []; y = z = 0")
        with b.block(f"for i in range({b.number(64, 75)}):"):
            with b.block("try:"):
                for _ in range(b.number(2, 5)):
                    b.line(
                        b.pick(
                            (
                                "y = -x",
                                f"z = x - {b.pick(('y', '7', '(1 << 61)'))}",
                                f"y = -{b.number(1, 9)} - x",
                                "z = x + y",
                                f"y = x >> ({b.number(40, 60)} - i)",
                                f"y = 3 << ({b.number(40, 60)} - i)",
                                f"d = math.sqrt({b.number(40, 60)}.0 - i)",
                                "y = abs(x)",
                                "y = x * x",
                                "z = x // (y or 1)",
                                f"z = (7, 8, 9)[i % {b.pick((3, 3, 4))}]",
                                "d = d / (50.0 - i)",
                            )
                        )
                    )
            with b.block("except (ValueError, IndexError, ZeroDivisionError, OverflowError) as error:"):
                b.line("out.append((i, str(error)))")
            b.line(
                b.pick(
                    (
                        f"x = x * 2 if abs(x) < 1 << {b.pick((62, 63, 64))} else {b.pick((-1, 1, -3, 5))}",
                        "x = x * 2 if i & 63 else -1",
                        "x = x * 2 if i & 63 else 1",
                    )
                )
            )
            b.line("if i % 8 == 7: out.append((y, z, d))")
            b.line(f"if i % {b.pick((3, 8, 64))} == 2: y = i")
        b.line("return out")
    for _ in range(b.number(2, 4)):
        b.line(f"attempt('{name}', {name}, {b.pick((-1, 1, -3, 5))}, 1.5, 0)")


def replaced_callables(b: Builder) -> None:
    """Calls of what a variable holds, which is replaced by another function, or another closure of the same code."""
    name, maker = b.fresh("f"), b.fresh("make")
    b.line(f"def {maker}(k):")
    b.line("    def made(x): return x + k")
    b.line("    return made")
    values = (
        "len",
        "max",
        f"{maker}(2)",
        f"{maker}(0.5)",
        "str",
        "(lambda x: x)",
        "type",
        "[].append",
        "'abc'.find",
        "functools.partial(max, 1)",
        "operator.neg",
        "None",
    )
    chosen = [b.pick(values[:3]), *b.random.sample(values, 2)]
    with b.block(f"def {name}(n):"):
        b.line(f"out, f, held = [], {chosen[0]}, Mortal('held')")
        with b.block("for i in range(60):"):
            b.line(f"if i == {b.number(30, 45)}: f = {chosen[1]}")
            b.line(f"if i == {b.number(46, 55)}: f = {chosen[2]}")
            b.line(f"if i % {b.number(5, 30)} == 4: f = {b.pick((f'{maker}(i)', 'f', chosen[0]))}")
            b.line(f"if i == {b.number(30, 50)}: held = type(held)(i); held.{b.pick(('more', 'tag', 'z'))} = 1")
            with b.block("try:"):
                b.line(f"out.append(({b.pick(('f(i)', 'f([i])', 'f(str(i))'))}, held.tag))")
            with b.block("except TypeError as error:"):
                b.line("out.append(str(error))")
        b.line("return out")
    b.line(f"for k in range({b.number(1, 3)}): attempt('{name}', {name}, k)")


SUBJECTS = [limits, replaced_callables, metaclasses, builtin_instances, texts, texts, booleans, pending, changed_names]
