"""Generators: resumed, sent to, thrown into, closed, delegating, shared, and forgotten."""

from __future__ import annotations

from builder import Builder, Function
from expressions import constant, expression, iterable
from statements import ROWS, Row, body, initialize, shallow

ERRORS = ("ValueError", "KeyError('k')", "GeneratorExit", "StopIteration(4)", "TypeError('t')")


def in_generator(b: Builder) -> bool:
    return b.scope.flavour == "generator"


def yield_value(b: Builder) -> None:
    form = b.number(0, 3)
    value = expression(b, b.pick(("int", "int", "any")), 1)
    if form == 0:
        b.line(f"yield {value}")
    elif form == 1:
        b.line(f"{b.assignable('any')} = yield {value}")
    elif form == 2:
        b.line(f"{b.assignable('any')} = (yield {value}) or {constant(b, 'int')}")
    else:
        b.line(f"yield from {iterable(b, 1)}")


def yield_guarded(b: Builder) -> None:
    with b.block("try:"), b.nested():
        yield_value(b)
        body(b, 0, 1)
    with b.block(f"except {b.pick(('ValueError', 'KeyError', 'GeneratorExit', 'Exception', 'BaseException'))} as error:"), b.nested():
        b.line("log('thrown', error)")
        b.line(b.pick(("yield 'caught'", "raise", "return 'stopped'", "pass", "raise RuntimeError('other')")))
    if b.chance(0.4):
        with b.block("finally:"), b.nested():
            b.line("log('finally')")
            body(b, 0, 1)


ROWS += [Row(6, yield_value, in_generator), Row(1.5, yield_guarded, lambda b: in_generator(b) and shallow(b))]


def write_generator(b: Builder, name: str, delegates: str = "") -> Function:
    parameters = {"a0": "int"}
    function = Function(name, ["int"], "generator")
    with b.block(f"def {name}(a0=3):"), b.inside("generator", parameters) as scope:
        initialize(b)
        body(b, 1, 4)
        if delegates:
            with b.block("try:"):
                b.line(f"got = yield from {delegates}(a0 - 1)")
                b.line("log('got', got)")
            with b.block(f"except {b.pick(('ValueError', 'Exception', 'KeyError'))} as error:"):
                b.line("log('through', error)")
        yield_value(b)
        yield_guarded(b)
        b.line(f"return {expression(b, 'any', 1)}")
        function.cost = scope.cost
    return function


def drive(b: Builder, name: str) -> None:
    """A function that uses the generator in a random but fixed way, and prints each answer."""
    driver = b.fresh("use")
    with b.block(f"def {driver}(n):"):
        b.line(f"it = {name}(n)")
        b.line(f"kept = {b.pick(('None', 'it', '[it]', 'Mortal(n)'))}")
        with b.block("try:"):
            for _ in range(b.number(2, 7)):
                step = b.weighted(
                    (
                        (5, "next(it)"),
                        (3, f"it.send({b.pick(('n', '1.5', 'None', repr('x')))})"),
                        (2, f"it.throw({b.pick(ERRORS)})"),
                        (0.7, "it.close()"),
                        (1, "next(it, 'over')"),
                        (0.5, "[*itertools.islice(it, 3)]"),
                        (0.3, "it.gi_frame and it.gi_frame.f_lineno"),
                        (0.3, "it.gi_running, it.gi_yieldfrom is None"),
                    )
                )
                b.line(f"log('{driver}', {step})")
            b.line(b.pick(("del it", "return it", "it = None", "for x in it: log('left', x)", "a, *c = it", "return sum(1 for _ in it)")))
        with b.block("except BaseException as error:"):
            b.line(f"log('{driver} ended', error)")
        b.line("return type(kept).__name__")
    b.line(f"for i in range({b.number(8, 22)}): attempt('{driver}', {driver}, i)")


def generator(b: Builder) -> None:
    name = b.fresh("gen")
    function = write_generator(b, name)
    drive(b, name)
    if b.chance(0.5):
        drive(b, name)
    b.functions.append(function)


def chain(b: Builder) -> None:
    """Generators that delegate to each other."""
    name = b.fresh("gen")
    write_generator(b, name)
    for _ in range(b.number(1, 3)):
        outer = b.fresh("gen")
        write_generator(b, outer, name)
        name = outer
    drive(b, name)
    with b.block("def deep(n):"):
        with b.block("if n <= 0:"):
            b.line(f"yield from {b.pick(('()', 'range(2)', 'frames(2)', '(n, 1.5)'))}")
            b.line(b.pick(("return 7", "raise ValueError(n)", "return (yield n)")))
        b.line("x = yield n")
        b.line("r = yield from deep(n - 1)")
        b.line("return (r, x)")
    b.line(f"for i in range({b.number(6, 20)}): attempt('deep', lambda: [*deep(i % 6)])")


def shared(b: Builder) -> None:
    """One generator that several loops and calls take from, and that calls back into itself."""
    name = b.fresh("gen")
    with b.block(f"def {name}(box, n):"):
        with b.block("for i in range(n):"):
            with b.block(f"if i == {b.number(2, 9)}:"):
                b.line(b.pick(("next(box[0])", "box[0].close()", "box[0].throw(KeyError)", "box[0] = None", "box[0].send(2)")))
            b.line(f"yield {b.pick(('i', 'i * 0.5', '(i, n)', 'str(i)'))}")
    driver = b.fresh("use")
    with b.block(f"def {driver}(n):"):
        b.line("box = [None]")
        b.line(f"it = box[0] = {name}(box, n)")
        b.line("out = []")
        with b.block("for x in it:"):
            b.line("out.append(x)")
            with b.block(f"if len(out) == {b.number(1, 4)}:"):
                b.line(b.pick(("out.append(next(it))", "break", "it.close()", "out += it", "del it")))
        b.line(b.pick(("return out, [*it]", "return out", "return out, next(it, None)", "return out, list(zip(it, it))")))
    b.line(f"for i in range(20): attempt('{driver}', {driver}, i)")


def expressions(b: Builder) -> None:
    """Generator expressions and comprehensions, nested, that raise and see outer variables."""
    name = b.fresh("f")
    with b.block(f"def {name}(n, xs):"), b.inside("plain", {"n": "int", "xs": "list"}):
        b.line(f"a = [x {b.pick(('+', '*', '-'))} n for x in xs if {b.pick(('x', 'x != n', 'n'))}]")
        b.line(f"b = {{x: [y for y in range(x if type(x) is int and 0 <= x < 9 else 2)] for x in {b.pick(('xs', 'a', 'range(n & 3)'))}}}")
        b.line(
            f"c = {b.pick(('sum', 'list', 'max', 'sorted', 'any', 'all', 'tuple'))}(x {b.pick(('+ 1', '* 2', '// n', 'and n'))} for x in a for _ in range(2))"
        )
        b.line("d = {x % 3 for x in range(n)} | {type(x).__name__ for x in xs}")
        b.line("n += 1")
        b.line("return a, b, c, d, (lambda: [n for _ in range(2)])()")
    b.functions.append(Function(name, ["int", "list"], cost=60))


SUBJECTS = [generator, generator, chain, shared, expressions]
