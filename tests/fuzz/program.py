"""A whole program from a seed: classes, functions, and the calls that make them hot and then surprise them."""

from __future__ import annotations

import warnings

import classes
import subjects
from builder import Builder, Function
from expressions import constant, expression
from statements import body, initialize

HEAD = """import asyncio, contextlib, functools, gc, inspect, itertools, math, operator, sys, types, weakref
from _fuzz import Base, Manager, Mortal, Witness, attempt, describe, frames, log, show
gc.disable()"""


def generate(seed: int) -> str:
    """The same program for the same seed."""
    while True:
        text = write(seed)
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                compile(text, "program", "exec")
            return text
        except SyntaxError:
            seed += 1_000_000_007


def write(seed: int) -> str:
    """Hardly ever there is an expression in it that is not allowed where it is."""
    b = Builder(seed)
    for line in HEAD.splitlines():
        b.line(line)
    for _ in range(b.number(0, 3)):
        name = b.fresh("g")
        kind = b.globals[name] = b.pick(("int", "float", "list", "int", "str"))
        b.line(f"{name} = {constant(b, kind)}")
    for _ in range(b.weighted(((2, 0), (3, 1), (2, 2), (1, 3)))):
        classes.write(b)
    for _ in range(b.number(1, 4)):
        write_function(b)
    for subject in b.random.sample(subjects.ALL, b.weighted(((2, 0), (5, 1), (3, 2), (1, 3)))):
        subject(b)
    write_calls(b)
    return "\n".join(b.lines) + "\n"


def write_function(b: Builder) -> None:
    name = b.fresh("f")
    function = Function(name, [b.pick(("int", "int", "int", "float", "str", "list", "object", "any", "dict")) for _ in range(b.number(0, 3))])
    function.flavour = b.weighted(((7, "plain"), (2, "generator")))
    parameters = {f"a{i}": kind for i, kind in enumerate(function.parameters)}
    function.optional = b.number(0, len(parameters)) if b.chance(0.3) else 0
    function.variadic = b.chance(0.12)
    heads = [*parameters]
    for i in range(len(heads) - function.optional, len(heads)):
        heads[i] += f"={default(b, function.parameters[i])}"
    if function.variadic:
        heads += ["*rest", "**named"]
    with b.block(f"def {name}({', '.join(heads)}):"), b.inside(function.flavour, parameters) as scope:
        if function.variadic:
            scope.variables.update(rest="tuple", named="dict")
        written = [g for g in b.globals if b.chance(0.3)]
        if written:
            b.line(f"global {', '.join(written)}")
            scope.declared.update(written)
        initialize(b)
        body(b, 3, 8)
        if function.flavour == "generator" and not any("yield" in line for line in b.lines[-8:]):
            b.line(f"yield {expression(b, 'any', 1)}")
        shown = b.random.sample(sorted(scope.variables), min(len(scope.variables), b.number(1, 3)))
        b.line(f"return {', '.join(shown) or 'None'}")
        function.cost = scope.cost + 3
    b.functions.append(function)


def default(b: Builder, kind: str) -> str:
    """Of a parameter: nothing that says when it dies, since compiled code keeps functions that it calls."""
    return "None" if kind == "object" else constant(b, kind)


def write_calls(b: Builder) -> None:
    """Calls with the expected types until it is hot, then with others, then with the expected ones again."""
    b.scope.variables.clear()
    for function in b.functions:
        turns = max(2, min(30, 6000 // function.cost))
        if b.chance(0.6):
            call_from_loop(b, function, turns)
        else:
            call_by_attempt(b, function, turns)
    if b.chance(0.25):
        b.scope.turns = 20
        body(b, 1, 4)


def collected(function: Function, text: str) -> str:
    """A call whose result can be shown."""
    return f"[*itertools.islice({text}, 20)]" if function.flavour == "generator" else text


def call_by_attempt(b: Builder, function: Function, turns: int) -> None:
    def written(arguments: str) -> None:
        if function.flavour == "generator":
            b.line(f"attempt('{function.name}', lambda: [*itertools.islice({function.name}({arguments}), 20)])")
        else:
            b.line(f"attempt('{function.name}', {', '.join([function.name, arguments] if arguments else [function.name])})")

    counter = b.fresh("i")
    expected = [expression_of(b, kind, counter) for kind in function.parameters]
    with b.block(f"for {counter} in range({turns}):"):
        written(", ".join(expected))
    for _ in range(b.number(1, 3)):
        written(", ".join(surprising(b, function, counter)))
    if b.chance(0.5):
        with b.block(f"for {counter} in range({b.number(1, 15)}):"):
            written(", ".join(expected))


def expression_of(b: Builder, kind: str, counter: str) -> str:
    """An argument of this kind, that depends on the number of the call."""
    if kind == "int" and b.chance(0.7):
        return b.pick(
            (counter, f"{counter} * 3 - 7", f"{counter} + {b.pick((1 << 30, (1 << 60) - 8, (1 << 62) - 4, (1 << 63) - 10))}", f"-{counter}")
        )
    if kind == "float" and b.chance(0.6):
        return b.pick((f"{counter} + 0.5", f"{counter} / 3", f"float({counter})"))
    if kind == "list" and b.chance(0.4):
        return b.pick((f"[{counter}, 2]", f"list(range({counter} & 7))"))
    if kind == "str" and b.chance(0.4):
        return f"str({counter})"
    return expression(b, kind, 1)


def surprising(b: Builder, function: Function, counter: str) -> list[str]:
    return [
        expression(b, b.pick(("any", "float", "int", "str")), 1) if b.chance(0.5) else expression_of(b, kind, counter) for kind in function.parameters
    ]


def call_from_loop(b: Builder, function: Function, turns: int) -> None:
    """The loop, of a function or of the module, is compiled with the calls in it."""
    counter = b.fresh("i")
    expected = [expression_of(b, kind, counter) for kind in function.parameters]
    odd = surprising(b, function, counter)
    when = b.pick((f"{counter} == {turns - 2}", f"{counter} > {turns * 2 // 3}", f"{counter} % 7 == 6"))

    surprised = collected(function, f"{function.name}({', '.join(odd)})")
    usual = collected(function, f"{function.name}({', '.join(expected)})")

    def write() -> None:
        with b.block(f"for {counter} in range({turns}):"):
            with b.block("try:"):
                if odd and b.chance(0.8):
                    with b.block(f"if {when}:"):
                        b.line(f"r = {surprised}")
                    with b.block("else:"):
                        b.line(f"r = {usual}")
                else:
                    b.line(f"r = {usual}")
                b.line(f"log('{function.name}', r)")
            with b.block(f"except {b.pick(('Exception', 'BaseException'))} as error:"):
                b.line(f"log('{function.name} raised', error)")

    if b.chance(0.6):
        name = b.fresh("drive")
        with b.block(f"def {name}():"):
            write()
        b.line(f"{name}()")
    else:
        write()
