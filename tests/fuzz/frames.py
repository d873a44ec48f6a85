"""Frames that others look at, tracing and profiling that begin in the middle, recursion to its limit."""

from __future__ import annotations

from builder import Builder
from expressions import expression
from statements import ROWS, Row, body, in_function, initialize


def peek(b: Builder) -> None:
    if b.scope.turns > 60:
        return
    b.line(
        b.pick(
            (
                "log('frames', frames(2))",
                "log(sorted(locals()))",
                "log(sys._getframe().f_lineno, sys._getframe(0).f_code.co_name)",
                f"{b.assignable('dict')} = dict(locals())",
                "log(inspect.currentframe().f_lineno)",
                "log(len(vars()))",
                "log(sys.exc_info()[0])",
            )
        )
    )
    b.scope.cost += 40 * b.scope.turns


ROWS += [Row(0.5, peek, in_function)]


def looked_at(b: Builder) -> None:
    """A callee that reads the callers' locals while they change in a hot loop."""
    spy, name = b.fresh("spy"), b.fresh("f")
    with b.block(f"def {spy}(k):"):
        b.line(f"f = sys._getframe({b.pick((1, 1, 2))})")
        b.line(
            f"if k {b.pick(('% 5 == 0', '> 20', '== 17', '>= 0'))}: return f.f_lineno, sorted((n, show(v)) for n, v in f.f_locals.items() if not n.startswith('__') and n not in ('spies',))[:8]"
        )
        b.line("return None")
    with b.block(f"def {name}(a0):"), b.inside("plain", {"a0": "int"}):
        initialize(b)
        with b.block(f"for i in range({b.number(20, 40)}):"), b.loop(35):
            b.scope.variables["i"] = "int"
            b.scope.fixed.add("i")
            body(b, 1, 3)
            b.line(f"seen = {spy}(i)")
            b.line("if seen: log(seen)")
            body(b, 0, 1)
        b.line("return i, a0")
    b.line(f"for i in range({b.number(2, 5)}): attempt('{name}', {name}, i)")


def kept_frames(b: Builder) -> None:
    """Frame objects that outlive their calls, and tracebacks that hold them."""
    name = b.fresh("f")
    kept = b.fresh("kept")
    b.line(f"{kept} = []")
    with b.block(f"def {name}(a0):"), b.inside("plain", {"a0": "int"}):
        initialize(b)
        b.line("owned = Mortal(a0)")
        b.line(f"if a0 {b.pick(('% 7 == 3', '> 15', '== 13'))}: {kept}.append(sys._getframe())")
        body(b, 1, 3)
        b.line(f"if a0 {b.pick(('% 5 == 2', '> 17'))}: raise KeyError(a0)")
        b.line(f"return {expression(b, 'int', 1)}")
    driver = b.fresh("drive")
    with b.block(f"def {driver}(n):"):
        with b.block("for i in range(n):"):
            with b.block("try:"):
                b.line(f"log({name}(i))")
            with b.block("except KeyError as error:"):
                b.line(b.pick((f"{kept}.append(error)", f"{kept}.append(error.__traceback__)", "pass")))
    b.line(f"attempt('{driver}', {driver}, {b.number(14, 24)})")
    with b.block(f"for x in {kept}:"):
        b.line("log(type(x).__name__, x.f_lineno if hasattr(x, 'f_lineno') else None, sorted(map(str, x.f_locals)) if hasattr(x, 'f_locals') else x)")
    b.line(b.pick((f"{kept}[0].clear() if {kept} and hasattr({kept}[0], 'clear') else None", "pass")))
    b.line(f"del {kept}, x")


def tracing(b: Builder) -> None:
    """sys.settrace and sys.setprofile switched on and off while hot code runs."""
    tracer, name, inner = b.fresh("tracer"), b.fresh("f"), b.fresh("f")
    events = b.fresh("events")
    b.line(f"{events} = []")
    with b.block(f"def {tracer}(frame, event, arg):"):
        b.line("if not frame.f_code.co_filename.endswith('_fuzz.py') and frame.f_code.co_name[0] == 'f':")
        b.line(f"    {events}.append((frame.f_code.co_name, event, frame.f_lineno, show(arg) if event in ('return', 'exception') else ''))")
        b.line(f"return {b.pick((tracer, tracer, 'None'))}")
    with b.block(f"def {inner}(k, x):"):
        start = b.pick((f"sys.settrace({tracer})", f"sys.setprofile({tracer})", f"sys._getframe(1).f_trace = {tracer}; sys.settrace({tracer})"))
        b.line(f"if k == {b.number(14, 30)}: {start}")
        b.line(f"if k == {b.number(25, 40)}: sys.settrace(None); sys.setprofile(None)")
        b.line(f"return x {b.pick(('+ k', '* 2', '- 1.5', '^ 1'))}")
    with b.block(f"def {name}(a0):"), b.inside("plain", {"a0": "int"}):
        initialize(b)
        b.line("x = 1")
        with b.block(f"for i in range({b.number(20, 45)}):"), b.loop(45):
            b.scope.variables["i"] = "int"
            b.scope.fixed.add("i")
            body(b, 0, 2)
            with b.block("try:"):
                b.line(f"x = {inner}(i, x) % 1001")
            with b.block("except TypeError:"):
                b.line("x = 2")
        b.line("return x")
    b.line(f"for i in range({b.number(2, 4)}): attempt('{name}', {name}, i); sys.settrace(None); sys.setprofile(None)")
    b.line(f"log(len({events}))")
    b.line(f"for e in {events}[:60]: print(*e)")


def recursion(b: Builder) -> None:
    """To the limit and back, with what is alive at each level."""
    name = b.fresh("down")
    with b.block(f"def {name}(n, x):"):
        b.line(b.pick(("if n == 0: return x", "if n <= 0: return frames(2)[0][:9]", "if not n: raise ValueError(x)", "pass")))
        if b.chance(0.4):
            with b.block("try:"):
                b.line(f"return {name}(n - 1, x + 1)")
            with b.block(f"except {b.pick(('RecursionError', 'ValueError', 'Exception'))}:"):
                b.line(b.pick(("return n", "raise", f"return {name}(n - 3, x) if n > 5 else 0")))
            with b.block("finally:"):
                b.line("x = None")
        else:
            b.line(
                b.pick(
                    (
                        f"return {name}(n - 1, x + 1) + 1",
                        f"y = {name}(n - 1, x); return y",
                        f"return max({name}(n - 1, x), 1)",
                        f"return sum([{name}(n - 1, i) for i in (1,)])",
                        f"return (lambda: {name}(n - 1, x))()",
                    )
                )
            )
    with b.block("def recursive():"):
        b.line("old = sys.getrecursionlimit()")
        b.line("sys.setrecursionlimit(len(inspect.stack(0)) + 40)")
        with b.block("try:"):
            b.line(f"attempt('{name}', lambda: {name}(10, 1))")
            b.line(f"for i in range(15): attempt('{name}', lambda: {name}(i, 1.5 if i > 12 else i))")
            with b.block("for n in (34, 100):"):
                with b.block("try:"):
                    b.line(f"log({name}(n, 1))")
                with b.block("except (RecursionError, ValueError, TypeError) as error:"):
                    b.line("log(type(error).__name__, str(error)[:40])")
        b.line("finally: sys.setrecursionlimit(old)")
    b.line("recursive()")


SUBJECTS = [looked_at, kept_frames, tracing, recursion]
