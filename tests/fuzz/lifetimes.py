"""When objects die, and what their finalizers and weak references' callbacks do and see."""

from __future__ import annotations

from builder import Builder
from expressions import expression
from statements import ROWS, Row, body, initialize


def mortal(b: Builder) -> None:
    b.line(
        b.pick(
            (
                f"{b.assignable('object')} = Mortal({expression(b, 'int', 1)})",
                f"{b.assignable('object')} = Witness({b.number(0, 99)})",
                f"{b.assignable('list')} = [Mortal(i) for i in range({b.number(1, 3)})]",
                f"{b.assignable('any')} = (Mortal({b.number(0, 99)}), {expression(b, 'int', 1)})",
                f"Mortal({b.number(0, 99)})",
                f"{b.assignable('object')} = {b.assignable('any')} = Mortal({b.number(0, 99)})",
            )
        )
    )
    b.scope.cost += 10 * b.scope.turns


ROWS += [Row(0.7, mortal, lambda b: b.scope.turns < 80)]


def deaths(b: Builder) -> None:
    """Locals, temporaries and containers that die in known places of hot code."""
    name = b.fresh("f")
    with b.block(f"def {name}(n, keep=None):"), b.inside("plain", {"n": "int", "keep": "any"}):
        initialize(b)
        for i in range(b.number(2, 5)):
            form = b.number(0, 8)
            if form == 0:
                b.line(f"a = {b.pick(('Mortal', 'Witness'))}(('a', n))")
            elif form == 1:
                b.line(f"b = [Mortal(('b', {i})), Mortal(('c', {i}))]")
            elif form == 2:
                b.line(b.pick(("a = b = None", "a, b = 1, 2", "del a", "b = a = n", "keep = None", "a = keep")))
            elif form == 3:
                b.line(f"for x in (Mortal(k) for k in range({b.number(1, 3)})): pass")
            elif form == 4:
                b.line("log(n, Mortal('argument'))")
            elif form == 5:
                b.line(f"if n % 3 == 1: {b.pick(('return Mortal(n)', 'raise ValueError(Mortal(n))', 'a = Witness(n)', 'log(frames(1))'))}")
            elif form == 6:
                b.line(f"Mortal('temporary'){b.pick(('.tag', '.tag, n', ' is None', '.missing', ' < n', ' + n'))}")
            elif form == 7:
                b.line("d = {'k': Mortal(('d', n))}; d['k'] = n; d = {**d, 'k': Mortal('e')}")
            else:
                body(b, 1, 2)
        b.line(f"return {b.pick(('n', 'keep', 'None', 'locals().get(' + repr('a') + ')'))}")
    b.line(f"for i in range({b.number(14, 26)}): attempt('{name}', {name}, i{b.pick(('', ', Mortal(i)', ', [Witness(i)]'))})")


def callbacks(b: Builder) -> None:
    """Finalizers and callbacks that change what the function they interrupt uses."""
    owner, name, target = b.fresh("Final"), b.fresh("f"), b.fresh("target")
    b.line(f"{target} = [0]")
    effect = b.pick(
        (
            f"{target}.append(len({target}))",
            f"{target}[0] += 1.5",
            f"globals()['{target}'] = [{b.number(0, 9)}]",
            "builtins_len = len",
            f"{name}.__defaults__ = ({b.number(5, 9)},)",
            "self.back = self; kept_alive.append(self) if len(kept_alive) < 3 else None",
            "raise ValueError('in a finalizer')",
            "sys._getframe(1).f_locals.clear()",
            "log('seen', frames(1))",
        )
    )
    b.line("kept_alive = []")
    with b.block(f"class {owner}(Base):"):
        b.line("def __init__(self, k): self.k = k")
        with b.block("def __del__(self):"):
            b.line(f"if self.k {b.pick(('% 4 == 3', '> 12', '== 17', '>= 0'))}: {effect}")
    with b.block(f"def {name}(k=3):"), b.inside("plain", {"k": "int"}):
        initialize(b)
        b.line(f"x = {owner}(k)")
        b.line(b.pick(("r = weakref.ref(x, lambda _: log('gone', k))", "r = None", "r = weakref.finalize(x, log, 'finalized', k)")))
        b.line(f"y = {target}[0]")
        body(b, 0, 2)
        b.line(b.pick((f"x = {target}[0]", "x = None", "del x", f"x = {owner}(k + 1)", "x.cycle = x; x = 1")))
        b.line(f"return y, {target}[0], len({target}) > 3, k")
    b.line(f"for i in range({b.number(15, 28)}): attempt('{name}', {name}, *([i] if i % 3 else []))")
    b.line("kept_alive.clear(); gc.collect()")


def cycles(b: Builder) -> None:
    name = b.fresh("f")
    with b.block(f"def {name}(n):"):
        b.line("a = Mortal(n); b = [a]; a.me = b")
        b.line(
            b.pick(("def inner(): return a, inner", "inner = lambda: (a, inner)", "inner = (x for x in [a])", "inner = a.__init__; a.bound = inner"))
        )
        b.line(b.pick(("a.f = inner", "b.append(inner)", "pass")))
        b.line(f"if n % 4 == 3: {b.pick(('gc.collect()', 'del a', 'raise KeyError(a)', 'return inner'))}")
        b.line("return n")
    b.line(f"for i in range({b.number(14, 20)}): attempt('{name}', {name}, i)")
    b.line("log(gc.collect() > 0)")


SUBJECTS = [deaths, deaths, callbacks, cycles]
