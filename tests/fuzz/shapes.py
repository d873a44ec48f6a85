"""Loops of the kinds that the compiler has forms of their own for: numbers, arrays, polymorphic sites, calls, unpacking."""

from __future__ import annotations

from builder import Builder
from expressions import COMPARISONS, EDGES, FLOATS, constant
from statements import body


def integers(b: Builder) -> None:
    """Arithmetic that passes the borders of machine integers."""
    name = b.fresh("f")
    with b.block(f"def {name}(a, b, n):"):
        b.line("x, y = a, b")
        with b.block("for i in range(n):"):
            for _ in range(b.number(2, 5)):
                target, other = b.pick((("x", "y"), ("y", "x")))
                form = b.number(0, 6)
                operand = b.pick((other, "i", "1", str(b.pick(EDGES)), "-1"))
                if form < 3:
                    b.line(f"{target} = {target} {b.pick(('+', '-', '*', '^', '|', '&'))} {operand}")
                elif form == 3:
                    b.line(f"{target} = {other} {b.pick(('//', '%'))} ({operand} or 7)")
                elif form == 4:
                    b.line(f"{target} {b.pick(('<<=', '>>='))} {b.pick(('1', '3', '(i & 63)', '40'))}")
                elif form == 5:
                    b.line(f"if {target} {b.pick(COMPARISONS)} {operand}: {target} = {b.pick(('-', '~', 'abs'))}({other})")
                else:
                    b.line(f"{target} = {b.pick(('min', 'max'))}({target}, {operand})")
            b.line(f"if not -{1 << b.pick((63, 64, 70))} <= x <= {1 << b.pick((60, 63, 64))}: x = {b.pick(('i', str(b.pick(EDGES))))}")
            b.line(f"if abs(y) > {1 << b.pick((62, 63, 66, 90))}: y = x {b.pick(('& 255', '>> 3', '% 1009'))}")
        b.line("return x, y")
    for _ in range(b.number(2, 5)):
        b.line(f"attempt('{name}', {name}, {b.pick(EDGES)}, {b.pick(EDGES)}, {b.number(20, 60)})")
    b.line(f"attempt('{name}', {name}, {b.pick(FLOATS)}, 3, 40)")


def floats(b: Builder) -> None:
    name = b.fresh("f")
    with b.block(f"def {name}(a, b, n):"):
        b.line("x, y, c = a, b, 0")
        with b.block("for i in range(n):"):
            for _ in range(b.number(2, 5)):
                form = b.number(0, 7)
                if form < 3:
                    b.line(f"x = x {b.pick(('+', '-', '*'))} {b.pick(('y', 'i', '0.5', b.pick(FLOATS)))}")
                elif form == 3:
                    b.line(f"y = x {b.pick(('/', '//', '%'))} {b.pick(('(i + 1)', '(y or 1.0)', '2', '-0.75', '(i - 20)'))}")
                elif form == 4:
                    b.line(f"if x {b.pick(COMPARISONS)} y: c += 1")
                elif form == 5:
                    b.line(
                        f"y = {b.pick(('-x', 'abs(x)', 'float(i)', 'x ** 2', 'math.sqrt(abs(x))', 'math.sin(x) if abs(x) < 1e9 else 0.0', 'max(x, i)', 'min(x, y, 1.0)', 'round(x, 2)', 'i / 7', 'float(c)'))}"
                    )
                elif form == 6:
                    b.line(f"if {b.pick(('x != x', 'x == i', 'not x', 'x', 'c > i', 'x is y', '0 < x <= i'))}: c += {b.pick(('1', '0.5', 'i'))}")
                else:
                    b.line(f"x = {b.pick(('x if x < 1e9 else 1.0', 'y', 'x + c', 'x - int(i)', 'x * True'))}")
        b.line("return x, y, c")
    for _ in range(b.number(2, 5)):
        b.line(f"attempt('{name}', {name}, {b.pick(FLOATS)}, {b.pick(FLOATS)}, {b.number(20, 60)})")
    b.line(f"attempt('{name}', {name}, {b.pick(EDGES)}, {b.pick(FLOATS)}, 40)")


def arrays(b: Builder) -> None:
    """Subscripts of lists, tuples, bytes, bytearrays, arrays and dicts, in and out of range."""
    name = b.fresh("f")
    if "array" not in b.subjects:
        b.subjects.add("array")
        b.line("from array import array")
    with b.block(f"def {name}(xs, n):"):
        b.line("t = 0; out = []")
        with b.block(f"for i in range({b.number(20, 40)}):"):
            with b.block("try:"):
                for _ in range(b.number(1, 3)):
                    index = b.pick(("i", "i % 4", "-1", "i - 10", "-i", "n", "i & 3", "1.5" if b.chance(0.1) else "0", "True"))
                    b.line(
                        b.pick(
                            (
                                f"t += xs[{index}]",
                                f"xs[{index}] = t",
                                f"xs[{index}] = {b.pick(('i', '255', '-1', '2.5', '300', '1 << 40'))}",
                                f"t = xs[{index}] * 2",
                                f"out.append(xs[{index}])",
                                "t += len(xs)",
                                f"xs[{index}] += 1",
                                f"t ^= xs[{index}]",
                                f"if xs[{index}] > t: t += 1",
                                "for x in xs[:3]: t += x",
                                f"xs[{index}:] = xs[:2]",
                                f"t += {index} in xs",
                            )
                        )
                    )
                b.line(f"if not -{1 << 64} < t < {1 << 64}: t = 1")
            with b.block("except Exception as error:"):
                b.line("out.append(type(error).__name__)")
            b.line("t = t if type(t) in (int, float) else 1")
        b.line("return t, out[:30], list(xs)[:12] if not isinstance(xs, dict) else xs")
    options = (
        "[1, 2, 3, 4]",
        "[1.5, 2.5, 3.5, 4.5]",
        "(1, 2, 3, 4)",
        "bytes(range(8))",
        "bytearray(8)",
        "array('d', [1, 2, 3, 4])",
        "array('i', [1, 2, 3, 4])",
        "array('b', [1, 2, 3])",
        "array('q', [1, 2, 3, 4])",
        "array('B', range(5))",
        "array('f', [1, 2.5])",
        "array('h', [4, 5, 6])",
        "array('I', [7, 8])",
        "{0: 1, 1: 2, 2: 3}",
        "'abcd'",
        "[1, 2.5, 'x', None]",
        "range(5)",
        "memoryview(bytearray(4))",
        "[]",
        "list(range(40))",
        "[True, False]",
    )
    first = b.pick(options)
    b.line(f"for k in range({b.number(2, 8)}): attempt('{name}', {name}, {first}, k)")
    for _ in range(b.number(1, 3)):
        b.line(f"attempt('{name}', {name}, {b.pick(options)}, {b.pick(('1', '-5', '0', '2.5'))})")


def polymorphic(b: Builder) -> None:
    """One site, many classes: attributes kept in different ways, methods of every kind."""
    name = b.fresh("f")
    makers = []
    for _ in range(b.number(2, 6)):
        owner = b.fresh("S")
        kind = b.pick(("dict", "slots", "property", "class", "getattr", "late", "many", "list", "deleted", "inherited"))
        parent = b.pick(makers)[:-2] if kind == "inherited" and makers else b.pick(("Base", "Base", "list" if kind == "list" else "Base"))
        with b.block(f"class {owner}({parent}):"):
            if kind == "slots":
                b.line("__slots__ = ('v', 'w')")
            if kind == "property":
                b.line("@property\n    def v(self): return 5")
                b.line("@v.setter\n    def v(self, x): self.hidden = x")
            elif kind == "class":
                b.line(f"v = {constant(b, 'int')}")
            elif kind == "getattr":
                b.line("def __getattr__(self, name): return 6 if name == 'v' else 0")
            if kind in ("dict", "slots", "late", "many", "list", "deleted"):
                with b.block("def __init__(self):"):
                    if kind == "late":
                        b.line("self.other = 1")
                    if kind == "many":
                        b.line("for k in range(40): setattr(self, f'a{k}', k)")
                    b.line(f"self.v = {b.pick(('1', '2.5', '(1,)', repr('s')))}")
                    if kind == "deleted":
                        b.line("self.w = 1; del self.w")
            b.line(
                b.pick(
                    (
                        "def m(self): return self.v",
                        "@staticmethod\n    def m(): return 1",
                        "@classmethod\n    def m(cls): return cls.__name__",
                        "def m(self, k=2): return k",
                        "m = lambda self: 3",
                    )
                )
            )
            if b.chance(0.3):
                b.line("def __getitem__(self, k): return k")
            if b.chance(0.3):
                b.line(f"def __eq__(self, o): return {b.pick(('True', 'NotImplemented', 'self is o'))}")
                b.line("__hash__ = None")
        makers.append(f"{owner}()")
    with b.block(f"def {name}(objects, n):"):
        b.line("out = []")
        with b.block("for i in range(n):"):
            b.line("o = objects[i % len(objects)]")
            with b.block("try:"):
                for _ in range(b.number(1, 4)):
                    b.line(
                        b.pick(
                            (
                                "out.append(o.v)",
                                "out.append(o.m())",
                                "o.v = i",
                                "o.w = i",
                                "out.append(o[i])",
                                "out.append(o == 3)",
                                "out.append(o in objects)",
                                "m = o.m; out.append(m())",
                                "out.append(getattr(o, 'w', None))",
                                "out.append(type(o).__name__)",
                                "del o.w",
                                "out.append(hasattr(o, 'other'))",
                                "o.v += 1",
                                "for x in (o.v,): out.append(x)",
                                "out.append(str(o.v))",
                            )
                        )
                    )
            with b.block("except Exception as error:"):
                b.line("out.append(describe(error))")
        b.line("return out")
    first = b.pick(makers)
    b.line(f"for k in range({b.number(1, 4)}): attempt('{name}', {name}, [{first}], 16)")
    b.line(f"attempt('{name}', {name}, [{', '.join(makers)}], 40)")
    b.line(
        f"attempt('{name}', {name}, [{', '.join(b.random.sample(makers, len(makers)))}, {b.pick(('3', repr('x'), '[1]', 'None', 'object()'))}], 40)"
    )


def calls(b: Builder) -> None:
    """One site that calls functions of all signatures, classes, bound methods and builtins."""
    name = b.fresh("f")
    prefix = b.fresh("q")
    defs = {
        "a": "def {0}(x): return x",
        "b": "def {0}(x, y=2): return x, y",
        "c": "def {0}(*a): return a",
        "d": "def {0}(x, *a, k=1, **kw): return x, a, k, sorted(kw)",
        "e": "def {0}(x, /, y=3): return x, y",
        "g": "def {0}(*, k): return k",
        "h": "def {0}(x=(1, 'default'), k=2): return x, k",
        "i": "def {0}(x):\n    yield x",
        "j": "async def {0}(x): return x",
        "n": "class {0}(Base):\n    def __init__(self, x, k=1): self.x = x; self.k = k",
        "o": "class {0}(Base):\n    def __call__(self, x=1, **k): return x, k\n{0} = {0}()",
        "p": "class {0}(Base):\n    def m(self, x, k=4): return x, k\n{0} = {0}().m",
        "r": "def {0}(x, k=0):\n    try: return x + k\n    finally: k = x",
        "s": "def {0}(x, k=0): return (lambda: x)()",
        "t": "def {0}(x, k=0):\n    x = k\n    Mortal('local')\n    return type(x)",
        "u": "def {0}(*a, **k):\n    a = None\n    log('in', frames(2))\n    return len(k)",
        "v": "def {0}(x, k=0):\n    def inner(): return x, k\n    del x\n    try: return inner()\n    except NameError: return k",
        "w": "def {0}(x=0, k=0):\n    if x is k: return 1\n    return {0}(k, k)",
    }
    chosen = b.random.sample(sorted(defs), b.number(2, 5))
    names = []
    for key in chosen:
        function = f"{prefix}{key}"
        for line in defs[key].format(function).split("\n"):
            b.line(line)
        names.append(function)
    names += b.random.sample(
        (
            "len",
            "str",
            "repr",
            "print",
            "type",
            "int",
            "isinstance",
            "functools.partial(max, 3)",
            "[].append",
            "'ab'.count",
            "dict",
            "operator.neg",
            "list",
            "range",
            "iter",
        ),
        b.number(0, 2),
    )
    arguments = b.pick(
        (
            "i",
            "i",
            "i, k=2",
            "*[i]",
            "i, 2",
            "*[i], **{'k': 3}",
            "x=i",
            "",
            "i, **{}",
            "'ab', i",
            "i, k=2, z=3",
            "Mortal(i)",
            "Witness(i)",
            "*[Mortal(i)]",
            "x=Mortal(i)",
            "*(Witness(i), 1)",
            "Mortal(i), k=2",
        )
    )
    with b.block(f"def {name}(functions, n):"):
        b.line("out = []")
        with b.block("for i in range(n):"):
            b.line("f = functions[i % len(functions)]")
            with b.block("try:"):
                b.line(b.pick((f"out.append(f({arguments}))", f"r = f({arguments}); out.append(r)", f"f({arguments})")))
            with b.block("except Exception as error:"):
                b.line("out.append(describe(error))")
        b.line("return out")
    b.line(f"for k in range(3): attempt('{name}', {name}, [{b.pick(names)}], 16)")
    b.line(f"attempt('{name}', {name}, [{', '.join(names)}], 40)")


def unpacking(b: Builder) -> None:
    name = b.fresh("f")
    with b.block(f"def {name}(xs, n):"):
        b.line("out = []")
        with b.block("for i in range(n):"):
            with b.block("try:"):
                b.line(
                    b.pick(
                        (
                            "a, b = xs[i % len(xs)]",
                            "a, *b = xs[i % len(xs)]",
                            "*a, b = xs[i % len(xs)]",
                            "(a, b), c = xs[i % len(xs)], i",
                            "[a, b] = b, a = xs[i % len(xs)]",
                            "a, b, *c = xs[i % len(xs)]",
                            "for a, b in [xs[i % len(xs)]]: pass",
                        )
                    )
                )
                b.line(b.pick(("out.append((a, b))", "out.append(a)", "a, b = b, a; out.append(b)")))
            with b.block("except Exception as error:"):
                b.line("out.append(describe(error))")
        b.line("return out")
    items = (
        "(1, 2)",
        "[1, 2]",
        "'ab'",
        "(1, 2, 3)",
        "(1,)",
        "{1: 2, 3: 4}",
        "iter((1, 2))",
        "(x for x in (1, 2))",
        "5",
        "None",
        "range(2)",
        "b'xy'",
        "{7, 8}",
        "(Mortal(1), 2)",
        "[1.5, 'x']",
        "zip((1,), (2,))",
        "()",
    )
    b.line(f"for k in range(3): attempt('{name}', {name}, [{b.pick(items[:3])}], 15)")
    b.line(f"attempt('{name}', {name}, [{', '.join(b.random.sample(items, 4))}], 40)")


def module_loop(b: Builder) -> None:
    """At module level: names are globals."""
    counter = b.fresh("i")
    with b.block(f"for {counter} in range({b.number(30, 60)}):"), b.loop(50):
        b.scope.variables[counter] = "int"
        b.scope.fixed.add(counter)
        body(b, 2, 5)
    b.scope.variables.pop(counter, None)


def scripts(b: Builder) -> None:
    """Code made by exec and eval, with namespaces of its own."""
    text = b.pick(
        (
            "for i in range(40):\\n    t = t + i\\n    if i == 30: t = t * 1.5",
            "def f(x):\\n    return x + t\\nr = [f(i) for i in range(20)]",
            "class K:\\n    a = t\\n    b = [a for _ in range(2)] if False else a\\nr = K.b",
            "del t\\nprint(t)",
            "t += len(s)\\nx = [t for _ in s]",
        )
    )
    b.line(f"code = compile(\"{text}\", '<text>', 'exec')")
    with b.block("def run_text(t, s):"):
        b.line(
            b.pick(
                (
                    "space = {'t': t, 's': s}; exec(code, space)",
                    "space = {'t': t, 's': s}; exec(code, {'t': 2, 's': s}, space)",
                    "space = {}; exec(code, {'t': t, 's': s}, space)",
                )
            )
        )
        b.line("space.pop('__builtins__', None)")
        b.line("return space")
    b.line("for k in range(20): attempt('text', run_text, k if k < 17 else 2.5, 'ab')")


SUBJECTS = [integers, integers, floats, floats, arrays, arrays, polymorphic, polymorphic, calls, calls, unpacking, module_loop, scripts]
