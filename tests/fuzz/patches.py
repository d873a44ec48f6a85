"""What compiled code relies on changes while it runs: globals, builtins, functions, classes."""

from __future__ import annotations

from builder import Builder
from expressions import constant, expression
from statements import body, initialize

BUILTINS = ("len", "abs", "range", "isinstance", "min", "str", "sum", "int", "sorted", "print")


def when(b: Builder) -> str:
    return f"if i {b.pick(('== 25', '== 17', '% 9 == 8', '== 33', '> 30'))}:"


def hot_loop(b: Builder, name: str, work: list[str], change: str, undo: str = "") -> None:
    """A loop that does ``work``, and at some turn ``change``, either itself or in a callee."""
    changer = b.fresh("change")
    with b.block(f"def {changer}(i):"):
        with b.block(when(b)):
            for line in change.split("; "):
                b.line(line)
        if undo and b.chance(0.6):
            with b.block("if i == 36:"):
                b.line(undo)
    with b.block(f"def {name}(n):"), b.inside("plain", {"n": "int"}):
        b.line("out = []")
        if b.chance(0.3):
            initialize(b)
        with b.block("for i in range(40):"), b.loop(40):
            b.scope.variables["i"] = "int"
            b.scope.fixed.add("i")
            with b.block("try:"):
                before = b.chance(0.5)
                if before:
                    b.line(f"{changer}(i)")
                for line in work:
                    b.line(line)
                if not before:
                    b.line(f"{changer}(i)")
            with b.block("except Exception as error:"):
                b.line("out.append(describe(error))")
            if b.chance(0.3):
                body(b, 1, 1)
        b.line("return out")
    b.line(f"for k in range({b.number(1, 4)}): attempt('{name}', {name}, k)")
    if undo:
        b.line(undo)


def changed_globals(b: Builder) -> None:
    name, variable = b.fresh("f"), b.fresh("G")
    b.line(f"{variable} = {constant(b, 'int')}")
    change = b.pick(
        (
            f"globals()['{variable}'] = {constant(b, b.pick(('int', 'float', 'str', 'list')))}",
            f"globals().pop('{variable}', None)",
            "globals()[f'new{i}'] = i",
            f"exec('{variable} = 2.5', globals())",
        )
    )
    hot_loop(b, name, [f"out.append(({variable} {b.pick(('+', '*', '=='))} i, {variable}))"], change, f"{variable} = 1" if b.chance(0.5) else "")


def changed_builtins(b: Builder) -> None:
    name, builtin = b.fresh("f"), b.pick(BUILTINS[:9])
    calls = {
        "len": "len([i, n])",
        "abs": "abs(n - i)",
        "range": "[*range(i & 3)]",
        "isinstance": "isinstance(i, int)",
        "min": "min(i, n)",
        "str": "str(i)",
        "sum": "sum([i, n])",
        "int": "int(i * 1.5)",
        "sorted": "sorted([i, n])",
    }
    wrapped = f"(lambda *a, real={builtin}: ('patched', real(*a)))"
    if b.chance(0.5):
        hot_loop(b, name, [f"out.append({calls[builtin]})"], f"globals()['{builtin}'] = {wrapped}", f"globals().pop('{builtin}', None)")
    else:
        b.line("import builtins")
        b.line("real_min, real_max = min, max")
        change = f"builtins.{b.pick(('min', 'max'))} = lambda *a: 'patched'"
        hot_loop(b, name, ["out.append((min(i, n), max(i, n)))"], change, "builtins.min, builtins.max = real_min, real_max")


def changed_function(b: Builder) -> None:
    name, called = b.fresh("f"), b.fresh("callee")
    b.line(f"def {called}(a, b=2, *, k=3): return a {b.pick(('+', '-', '*'))} b, k")
    b.line(f"def other_{called}(a, b=5, *, k=6): return 'other', a{b.pick(('', ' + 1', '.bit_length()'))}, b, k")
    change = b.pick(
        (
            f"{called}.__code__ = other_{called}.__code__",
            f"{called}.__defaults__ = ({b.number(10, 20)},)",
            f"{called}.__defaults__ = None",
            f"{called}.__kwdefaults__ = {{'k': i}}",
            f"{called}.__kwdefaults__['k'] = 'changed'",
            f"globals()['{called}'] = other_{called}",
            f"globals()['{called}'] = lambda *a, **k: (a, k)",
            f"globals()['{called}'] = functools.partial(other_{called}, 7)",
            f"globals()['{called}'] = 3",
        )
    )
    work = b.pick(
        (
            f"out.append({called}(i))",
            f"out.append({called}(i, n))",
            f"out.append({called}(i, k=n))",
            f"out.append({called}(*(i,)))",
            f"x = {called}(i); out.append(x)",
        )
    )
    hot_loop(b, name, work.split("; "), change)


def changed_class(b: Builder) -> None:
    name, owner = b.fresh("f"), b.fresh("P")
    with b.block(f"class {owner}(Base):"):
        b.line("z = 1")
        b.line("def __init__(self, a=1): self.a = a; self.b = a")
        b.line("def m(self, x): return self.a + x")
        b.line("@property\n    def d(self): return self.b")
        b.line("@staticmethod\n    def s(x): return x")
        b.line("@classmethod\n    def c(cls, x): return cls.z, x")
        b.line("def __add__(self, o): return self.a")
        b.line("def __len__(self): return 2")
        b.line("def __getitem__(self, k): return k")
    b.line(f"class Other{owner}({b.pick((owner, 'Base'))}):")
    b.line("    def m(self, x): return 'other', x")
    b.line(f"kept_{owner} = {owner}(2)")
    change = b.pick(
        (
            f"{owner}.m = lambda self, x: 'patched'",
            f"{owner}.z = i",
            f"del {owner}.m",
            f"{owner}.a = property(lambda self: 'property')",
            f"{owner}.a = 5",
            f"{owner}.d = 7",
            f"kept_{owner}.__class__ = Other{owner}",
            f"kept_{owner}.m = lambda x: 'own'",
            f"kept_{owner}.extra = 1; del kept_{owner}.a",
            f"kept_{owner}.__dict__ = {{'a': 9, 'b': 1.5}}",
            f"kept_{owner}.__dict__['a'] = 4.5",
            f"{owner}.__getattribute__ = lambda self, name: name",
            f"{owner}.__getattr__ = lambda self, name: ('missing', name)",
            f"{owner}.__add__ = lambda self, o: NotImplemented",
            f"{owner}.__radd__ = lambda self, o: ('radd', o)",
            f"{owner}.__getitem__ = lambda self, k: -k",
            f"{owner}.__len__ = lambda self: -1",
            f"{owner}.__setattr__ = lambda self, name, value: object.__setattr__(self, name, (value,))",
            f"{owner}.__init__ = lambda self, a=0: setattr(self, 'a', 'init') or setattr(self, 'b', 0)",
            f"{owner}.__new__ = staticmethod(lambda cls, *a: object.__new__(Other{owner}))",
            f"{owner}.__bases__ = (Mortal,)",
            f"globals()['{owner}'] = Other{owner}",
            f"{owner}.__bool__ = lambda self: False",
            f"{owner}.__slots__ = ()",
        )
    )
    uses = (
        "out.append(o.m(i))", "out.append((o.a, o.b))", "out.append(o.z)", "o.a = i; out.append(o.a)", "o.a += 1; out.append(o.a)", "out.append(o.d)", "out.append((o.s(i), o.c(i)))",
        "out.append(o + i)", "out.append(i + o)", "out.append(o[i])", "out.append(len(o))", f"p = {owner}(i); out.append((p.a, type(p).__name__))", "out.append('true' if o else 'false')",
        f"out.append(isinstance(o, {owner}))", "out.append(hasattr(o, 'a'))", "out.append(getattr(o, 'b', None))", "o.new = i; out.append(o.new)", f"out.append({owner}.z)", "del o.b; o.b = 1; out.append(o.b)",
    )  # fmt: skip
    work = [f"o = {b.pick((f'kept_{owner}', f'kept_{owner}', f'{owner}(i)'))}"]
    for use in b.random.sample(uses, b.number(1, 4)):
        work += use.split("; ")
    hot_loop(b, name, work, change)


def changed_types(b: Builder) -> None:
    """A value that changes its class, in an accumulator, a container, an attribute or a cell."""
    name = b.fresh("f")
    later = b.pick(("1.5", "'s'", "2**62", "2**63", "None", "True", "[1]", "-0.0", "float('nan')", "2**31", "Mortal(5)", "1 << 100"))
    place = b.pick(("x", "box[0]", "named['k']", "held.tag", "cell()"))
    with b.block(f"def {name}(n):"), b.inside("plain", {"n": "int"}):
        b.line("x = 1; box = [1, 2]; named = {'k': 1}; held = Mortal(1); y = 1")
        b.line("def cell(): return y")
        b.line("out = []")
        with b.block("for i in range(50):"), b.loop(50):
            b.scope.variables["i"] = "int"
            b.scope.fixed.add("i")
            with b.block("try:"):
                operator = b.pick(("+", "-", "*", "//", "%", "&", "|", "^", "<", "==", "/", "<<", ">>", "and", "is"))
                b.line(
                    f"r = {place} {operator} {b.pick(('i', '1', '2.5', 'n', '(i or 1)', '-1', '3')) if operator not in ('<<', '>>') else '(i & 7)'}"
                )
                if b.chance(0.4):
                    b.line(f"{'y' if place == 'cell()' else place} = r if type(r) is int and abs(r) < 2**64 else 1")
                b.line(f"if i % 4 == 0: out.append({b.pick(('r', 'r, i', 'type(r)'))})")
            with b.block(f"except {b.pick(('TypeError', 'Exception'))} as error:"):
                b.line("out.append(describe(error))")
            b.line(f"if i == {b.number(32, 46)}: {'y' if place == 'cell()' else place} = {later}")
            if b.chance(0.5):
                body(b, 1, 1)
        b.line("return out, x, box, named, y")
    b.line(f"for k in range({b.number(1, 3)}): attempt('{name}', {name}, {expression(b, 'int', 0)})")


SUBJECTS = [changed_globals, changed_builtins, changed_function, changed_class, changed_class, changed_types, changed_types]
