"""Statements of function bodies, and the table of what may be written where. Subjects add their own rows."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from builder import Builder
from expressions import EDGES, STRINGS, arguments, call, condition, constant, expression, iterable, parenthesized

ERRORS = (
    "ValueError",
    "KeyError",
    "TypeError",
    "ZeroDivisionError",
    "Exception",
    "(TypeError, IndexError)",
    "ArithmeticError",
    "LookupError",
    "BaseException",
)
DEEPEST = 4


@dataclass(frozen=True)
class Row:
    """A kind of statement: how often it is chosen, and where it may stand."""

    weight: float
    write: Callable[[Builder], None]
    where: Callable[[Builder], bool] = lambda b: True


def in_function(b: Builder) -> bool:
    return b.scope.flavour not in ("module", "class")


def not_in_class(b: Builder) -> bool:
    return b.scope.flavour != "class"


def shallow(b: Builder) -> bool:
    return b.scope.depth < DEEPEST and b.scope.cost < 1500


def may_loop(b: Builder) -> bool:
    return shallow(b) and b.scope.loops < 2 and b.scope.flavour != "class" and b.scope.turns < 200


def may_leave(b: Builder) -> bool:
    return in_function(b) and b.scope.depth > 0 and not b.scope.in_star


def body(b: Builder, least: int = 1, most: int = 3) -> None:
    for _ in range(b.number(least, most)):
        statement(b)


def statement(b: Builder) -> None:
    rows = [row for row in ROWS if row.where(b)]
    b.weighted([(row.weight, row.write) for row in rows])(b)


# --- assignments
def bound(b: Builder, name: str, kind: str) -> None:
    """Keep what a loop makes of a variable within bounds."""
    if not b.scope.loops:
        return
    if kind in ("int", "any"):
        limit = b.pick((1 << 31, 1 << 62, 1 << 66, 1 << 90))
        form = b.number(0, 3)
        if form < 2:
            with b.block(f"if not -{limit} < {name} < {limit}:"):
                b.line(f"{name} = {constant(b, 'int')}")
        elif form == 2:
            b.line(f"{name} &= {b.pick((0xFF, 0xFFFFFFFF, (1 << 62) - 1, (1 << 64) - 1))}")
        else:
            b.line(f"{name} %= {b.pick((1000003, 97, (1 << 61) - 1))}")
    elif kind in ("list", "str", "tuple"):
        b.line(f"{name} = {name}[:{b.number(3, 20)}]")
    elif kind == "dict":
        with b.block(f"if len({name}) > 20:"):
            b.line(f"{name} = {constant(b, 'dict')}")


def assign(b: Builder) -> None:
    kind = b.pick(("int", "int", "int", "float", "float", "str", "list", "dict", "tuple", "object", "any", "any"))
    value = expression(b, kind, b.number(1, 3))
    name = b.assignable(kind)
    b.line(f"{name} = {value}")
    bound(b, name, b.scope.variables.get(name, kind))


def initialize(b: Builder) -> None:
    """Some variables of every kind."""
    for kind in b.random.sample(("int", "int", "int", "float", "float", "str", "list", "list", "dict", "object", "any"), b.number(1, 6)):
        value = constant(b, kind)
        b.line(f"{b.assignable(kind)} = {value}")


def assign_count(b: Builder) -> None:
    """The usual accumulator."""
    kind = b.pick(("int", "int", "float"))
    names = [name for name in b.visible(kind) if name not in b.scope.fixed]
    if not names:
        return assign(b)
    name = b.pick(names)
    step = b.pick((constant(b, kind), *b.visible("int")[:3]))
    b.line(f"{name} {b.pick(('+=', '-=', '+='))} {step}")
    if b.scope.loops and kind == "int" and b.chance(0.1):
        bound(b, name, kind)


def assign_in_place(b: Builder) -> None:
    kind = b.pick(("int", "float", "str", "list", "any"))
    names = [name for name in b.visible(kind) if name not in b.scope.fixed]
    if not names:
        return assign(b)
    name = b.pick(names)
    operators = {"str": ("+=",), "list": ("+=", "*="), "float": ("+=", "-=", "*=", "/=", "//=", "%="), "any": ("+=", "-=", "|=")}
    operator = b.pick(operators.get(kind, ("+=", "-=", "*=", "//=", "%=", "&=", "|=", "^=", ">>=", "<<=")))
    value = f"({expression(b, 'int', 1)} & 15)" if operator in ("<<=", ">>=") or (kind == "list" and operator == "*=") else expression(b, kind, 1)
    b.line(f"{name} {operator} {value}")
    bound(b, name, kind)


def unpack(b: Builder) -> None:
    form = b.number(0, 5)
    first, second = b.assignable("int"), b.assignable("any")
    values = f"({expression(b, 'int', 1)}, {expression(b, 'any', 1)})"
    if form == 0:
        b.line(f"{first}, {second} = {expression(b, 'int')}, {expression(b, 'any')}")
    elif form == 1:
        b.line(f"{first}, {second} = {second if second in b.scope.variables else 1}, {first}")
    elif form == 2:
        b.line(f"{first}, *{second} = {b.pick((values, '[5, *' + expression(b, 'list', 1) + ']', expression(b, b.pick(('list', 'tuple', 'str')))))}")
    elif form == 3:
        b.line(f"*{second}, {first} = {b.pick((values, '[*' + expression(b, 'list', 1) + ', 5]', expression(b, b.pick(('list', 'tuple', 'dict')))))}")
    elif form == 4:
        b.line(f"{first}, ({second}, *_) = {expression(b, 'int')}, {b.pick((values, expression(b, 'list')))}")
    else:
        b.line(f"{first}, {second} = {values if b.chance(0.7) else expression(b, b.pick(('tuple', 'list', 'str')))}")
    if b.scope.loops:
        b.line(f"{second} = {constant(b, 'any')}")


def store_item(b: Builder) -> None:
    kind = b.pick(("list", "list", "dict"))
    names = b.visible(kind)
    if not names:
        return assign(b)
    name = b.pick(names)
    value = expression(b, b.pick(("int", "float", "any")))
    if kind == "dict":
        key = expression(b, b.pick(("str", "int")), 1)
        b.line(
            b.pick(
                (
                    f"{name}[{key}] = {value}",
                    f"{name}[{key}] = {name}.get({key}, 0) + 1" if b.chance(0.3) else f"{name}[{key}] = {value}",
                    f"del {name}[{key}]" if b.chance(0.2) else f"{name}.pop({key}, 0)",
                    f"{name}.setdefault({key}, {value})",
                    f"{name}.pop({key}, None)",
                )
            )
        )
    else:
        index = b.pick((str(b.number(-2, 3)), f"{expression(b, 'int', 1)} % (len({name}) or 1)", b.pick((expression(b, "int", 1), "0", "-1"))))
        if b.chance(0.8):
            with b.block(f"if {name}:"):
                b.line(
                    b.pick(
                        (
                            f"{name}[{index}] = {value}",
                            f"{name}[{b.number(-1, 0)}] = {value}",
                            f"{name}[{index}] += {expression(b, 'int', 1)}",
                            f"{name}.pop()",
                            f"{name}[-1:] = {expression(b, 'list', 1)}",
                        )
                    )
                )
            return
        b.line(
            b.pick(
                (
                    f"{name}[{index}] = {value}",
                    f"{name}[{index}] += {expression(b, 'int', 1)}",
                    f"{name}[{index}:] = {expression(b, 'list', 1)}",
                    f"del {name}[{index}]",
                    f"{name}.append({value})",
                    f"{name}.append({value})",
                    f"{name}.insert({index}, {value})",
                    f"{name}.sort(key=repr)",
                    f"{name}.pop()",
                    f"{name}.reverse()",
                    f"del {name}[{b.number(1, 6)}:]",
                )
            )
        )
    if b.scope.loops:
        with b.block(f"if len({name}) > 30:"):
            b.line(f"{name}.clear()")


def delete(b: Builder) -> None:
    names = [name for name in b.visible() if name not in b.scope.fixed]
    if not names:
        return
    name = b.pick(names)
    b.line(f"del {name}")
    if b.chance(0.9):
        kind = b.scope.variables.pop(name)
        b.line(f"{name} = {expression(b, kind, 1)}")
        b.scope.variables[name] = kind


def store_attribute(b: Builder) -> None:
    names = b.visible("object")
    if not names or not b.classes:
        return assign_object(b)
    name = b.pick(names)
    attribute, kind = b.pick([*b.pick(b.classes).attributes.items(), ("extra", "int")])
    b.line(
        b.weighted(
            (
                (6, f"{name}.{attribute} = {expression(b, kind)}"),
                (3, f"{name}.{attribute} += {constant(b, 'int') if kind != 'float' else '0.5'}"),
                (1, f"del {name}.{attribute}"),
            )
        )
    )


def assign_object(b: Builder) -> None:
    b.line(f"{b.assignable('object')} = {expression(b, 'object')}")


# --- control flow
def branch(b: Builder) -> None:
    with b.block(f"if {condition(b, 2)}:"), b.nested():
        body(b)
    if b.chance(0.3):
        with b.block(f"elif {condition(b, 2)}:"), b.nested():
            body(b)
    if b.chance(0.5):
        with b.block("else:"), b.nested():
            body(b)


def count_loop(b: Builder) -> None:
    turns = b.loop_turns()
    if turns == 0:
        return assign(b)
    counter = b.fresh("i")
    rng = b.pick((f"range({turns})", f"range({turns})", f"range({b.number(-5, 5)}, {turns})", f"range({turns}, 0, -1)", f"range(0, {2 * turns}, 2)"))
    write_loop(b, f"for {counter} in {rng}:", {counter: "int"}, turns + 5)


def each_loop(b: Builder) -> None:
    turns = b.loop_turns()
    if turns == 0:
        return assign(b)
    item = b.fresh("i")
    form = b.number(0, 8)
    bound = {item: "int"}
    if form == 0:
        head = f"for {item} in {iterable(b, 1)}:"
        turns = 8
    elif form == 1:
        bound = {item: "int", f"e{item}": "any"}
        head = f"for {item}, e{item} in enumerate({iterable(b, 1)}):"
        turns = 8
    elif form == 2:
        bound = {item: "int", f"e{item}": "int"}
        head = f"for {item}, e{item} in zip(range({turns}), {b.pick((f'range({turns})', 'itertools.count(3)', 'itertools.cycle((1, 2.5))'))}):"
    elif form == 3:
        bound = {item: "str", f"e{item}": "int"}
        head = f"for {item}, e{item} in {expression(b, 'dict', 1)}.items():"
        turns = 5
    elif form == 4:
        head = f"for {item} in [{', '.join(constant(b, 'int') for _ in range(4))}] * {turns // 4 + 1}:"
        turns += 4
    elif form == 5:
        last = b.pick(("'s'", "2.5", "None", str(b.pick(EDGES))))
        head = f"for {item} in [*range({turns}), {last}, 1]:"
    elif form == 6:
        head = f"for {item} in ({', '.join(b.pick(STRINGS) for _ in range(3))}) * {turns // 3 + 1}:"
        bound = {item: "str"}
        turns += 3
    elif form == 7:
        head = f"for {item} in reversed(range({turns})):"
    else:
        bound = {item: "float"}
        head = f"for {item} in [0.5, 1.5, -2.0, {constant(b, 'float')}] * {turns // 4 + 1}:"
        turns += 4
    write_loop(b, head, bound, turns)


def write_loop(b: Builder, head: str, items: dict[str, str], turns: int) -> None:
    with b.block(head), b.loop(turns):
        b.scope.variables.update(items)
        if b.chance(0.8):
            b.scope.fixed.update(items)
        body(b, 1, 4)
        b.scope.fixed.difference_update(items)
    if b.chance(0.15):
        with b.block("else:"), b.nested():
            body(b)


def while_loop(b: Builder) -> None:
    turns = b.loop_turns()
    if turns == 0:
        return assign(b)
    counter = b.fresh("n")
    b.line(f"{counter} = {turns}")
    b.scope.variables[counter] = "int"
    b.scope.fixed.add(counter)
    head = b.pick((f"while {counter} > 0:", f"while {counter}:", f"while {counter} > 0 and {condition(b, 1)}:"))
    with b.block(head), b.loop(turns):
        b.line(f"{counter} -= 1")
        body(b, 1, 4)


def mutated_loop(b: Builder) -> None:
    """What is iterated over changes meanwhile."""
    kind = b.pick(("list", "dict", "set"))
    name, item = b.fresh("m"), b.fresh("i")
    if kind == "list":
        b.line(f"{name} = list(range({b.number(1, 9)}))")
        change = b.pick(
            (f"{name}.append({item})", f"{name}.pop()", f"del {name}[0]", f"{name}.insert(0, {item})", f"{name}.clear()", f"{name}[:] = []")
        )
    elif kind == "dict":
        b.line(f"{name} = {{1: 2, 3: 4, 5: 6}}")
        change = b.pick((f"{name}[{item} + 100] = 1", f"del {name}[{item}]", f"{name}[{item}] = 7", f"{name}.clear()", f"{name}.pop(5, None)"))
    else:
        b.line(f"{name} = {{1, 2, 3}}")
        change = b.pick((f"{name}.add({item} + 10)", f"{name}.discard({item})", f"{name}.clear()"))
    over = b.pick((name, name, f"enumerate({name})", f"reversed({name})" if kind != "set" else name))
    target = f"_, {item}" if over.startswith("enumerate") else item
    b.scope.variables[name] = "list" if kind == "list" else "dict"
    with b.block(f"for {target} in {over}:"), b.loop(12):
        b.scope.variables[item] = "int"
        b.scope.fixed.add(item)
        body(b, 0, 1)
        with b.block(f"if {item} {b.pick(('<', '>', '=='))} {b.number(1, 5)}:"):
            b.line(change)
        with b.block(f"if len({name}) > 12:"):
            b.line("break")
        b.scope.fixed.discard(item)


def leave_loop(b: Builder) -> None:
    with b.block(f"if {condition(b, 1)}:"):
        b.line(b.pick(("break", "continue", "continue")))


def leave(b: Builder) -> None:
    if b.scope.flavour == "asyncgen":
        b.line("return")
    else:
        b.line(f"return {expression(b, 'any')}")


def leave_if(b: Builder) -> None:
    with b.block(f"if {condition(b, 1)}:"), b.nested():
        leave(b)


def match(b: Builder) -> None:
    with b.block(f"match {expression(b, 'any')}:"):
        for _ in range(b.number(1, 4)):
            name = b.assignable("any")
            case = b.pick(
                (
                    "0 | 1", "'a'", "None", "[]", f"[{name}]", f"[{name}, *_]", f"(1, {name})", f"{{'a': {name}}}", "{}", f"int({name})", f"str() as {name}", "float()",
                    f"[int({name}), _]", f"{{'b': 2, **{name}}}", f"Mortal(tag={name})", "True", "-1 | 2.5", *(f"{c.name}({a}={name})" for c in b.classes[:2] for a in [*c.attributes][:2]),
                )
            )  # fmt: skip
            guard = f" if {condition(b, 1)}" if b.chance(0.2) else ""
            with b.block(f"case {case}{guard}:"), b.nested():
                body(b, 1, 2)
        if b.chance(0.5):
            with b.block("case _:"), b.nested():
                body(b, 1, 1)


# --- exceptions
def failing(b: Builder) -> None:
    """Something that may well raise."""
    if b.visible("int") and b.chance(0.6):
        with b.block(f"if {b.pick(b.visible('int'))} {b.pick(('> 5', '< 0', '% 5 == 1', '== 3', '& 8'))}:"):
            return fail(b)
    fail(b)


def fail(b: Builder) -> None:
    form = b.number(0, 6)
    if form == 0:
        b.line(
            f"raise {b.pick(('ValueError', 'KeyError', 'TypeError', 'StopIteration', 'Exception'))}({expression(b, 'any', 1)}){b.pick(('', '', ' from None', ' from KeyError(1)'))}"
        )
    elif form == 1:
        b.line(f"{b.assignable('int')} = {expression(b, 'int', 1)} // {expression(b, 'int', 1)}")
    elif form == 2:
        b.line(f"{b.assignable('any')} = {expression(b, 'list', 1)}[{expression(b, 'int', 1)}]")
    elif form == 3:
        b.line(f"{b.assignable('any')} = {expression(b, 'dict', 1)}[{expression(b, 'str', 1)}]")
    elif form == 4:
        b.line(f"assert {condition(b, 1)}, {expression(b, 'str', 1)}")
    elif form == 5:
        b.line(
            f"{b.assignable('any')} = {expression(b, 'any', 1)} {b.pick(('+', '-', '*' if not b.scope.loops else '-', '<', '@'))} {expression(b, 'any', 1)}"
        )
    else:
        b.line(f"{b.assignable('any')} = {b.pick(('missing', 'int(' + expression(b, 'str', 1) + ')', expression(b, 'object', 0) + '.nothing'))}")


def raise_if(b: Builder) -> None:
    with b.block(f"if {condition(b, 1)}:"), b.nested():
        failing(b)


def attempt(b: Builder) -> None:
    with b.block("try:"), b.nested():
        body(b, 0, 2)
        failing(b)
        body(b, 0, 1)
    form = b.number(0, 9)
    if form < 8:
        for caught in b.random.sample(ERRORS, b.number(1, 2)):
            name = b.pick(("", f" as {b.pick(('e', 'error'))}"))
            with b.block(f"except {caught}{name}:"), b.nested():
                handler(b, name[4:])
        if b.chance(0.1):
            with b.block("except:"), b.nested():
                handler(b, "")
        if b.chance(0.2):
            with b.block("else:"), b.nested():
                body(b, 1, 2)
    if form >= 6:
        with b.block("finally:"), b.nested():
            body(b, 1, 2)
            if may_leave(b) and b.chance(0.25):
                leave_if(b)


def handler(b: Builder, name: str) -> None:
    if name and b.chance(0.5):
        b.line(f"log('caught', {name})")
        b.scope.cost += 20 * b.scope.turns
    body(b, 0, 2)
    if b.chance(0.2):
        b.line(b.pick(("raise", f"raise RuntimeError('again') from {name or None}", "raise KeyError(2)")))


def attempt_star(b: Builder) -> None:
    errors = ("ValueError(1)", "TypeError('t')", "KeyError('k')", "ExceptionGroup('inner', [ValueError(2), OSError(3)])", "ZeroDivisionError()")
    with b.block("try:"), b.nested():
        body(b, 0, 1)
        if b.chance(0.8):
            b.line(f"raise ExceptionGroup('g', [{', '.join(b.random.sample(errors, b.number(1, 3)))}])")
        else:
            failing(b)
    before, b.scope.in_star = b.scope.in_star, True
    loops, b.scope.loops = b.scope.loops, 0
    for caught in b.random.sample(("ValueError", "TypeError", "KeyError", "(OSError, KeyError)", "Exception"), b.number(1, 3)):
        with b.block(f"except* {caught} as g:"), b.nested():
            b.line("log('group', g)")
            body(b, 0, 1)
            if b.chance(0.3):
                b.line(b.pick(("raise", "raise ValueError('new')", "raise g")))
    b.scope.in_star, b.scope.loops = before, loops
    if b.chance(0.3):
        with b.block("finally:"), b.nested():
            body(b, 1, 1)


def manage(b: Builder) -> None:
    name = b.assignable("any")
    swallows = b.pick(("", ", Exception", ", ValueError", ", (TypeError, KeyError)"))
    managers = f"Manager({expression(b, 'any', 1)}{swallows}) as {name}"
    if b.chance(0.2):
        managers += f", Manager({b.number(0, 9)}, LookupError)"
    if b.chance(0.15):
        managers = f"contextlib.suppress({b.pick(('Exception', 'TypeError', 'LookupError'))})"
    with b.block(f"with {managers}:"), b.nested():
        body(b, 1, 2)
        if b.chance(0.5):
            failing(b)
    b.scope.cost += 10 * b.scope.turns


# --- calls, names
def call_something(b: Builder) -> None:
    called = call(b, 2)
    if called is None:
        return assign(b)
    if b.chance(0.3):
        b.line(called)
    else:
        b.line(f"{b.assignable('any')} = {called}")


def log(b: Builder) -> None:
    if b.scope.turns > 60:
        return assign_count(b)
    shown = ", ".join(expression(b, "any", 1) for _ in range(b.number(1, 2)))
    b.line(f"log('{b.fresh('at')}', {shown})")
    b.scope.cost += 20 * b.scope.turns


def use_global(b: Builder) -> None:
    name = b.pick([*b.globals])
    kind = b.globals[name]
    if b.scope.flavour in ("module", "class") or name not in b.scope.declared or b.chance(0.5):
        b.line(f"{b.assignable(kind)} = {name}")
        return
    b.line(b.weighted(((5, f"{name} = {expression(b, kind, 1)}"), (2, f"{name} = {expression(b, 'any', 1)}"), (1, f"del {name}"))))


def closure(b: Builder) -> None:
    """A function that shares variables with this one; it is called, changed, perhaps returned."""
    name = b.fresh("inner")
    outer = b.scope
    free = [n for n in outer.variables if n not in outer.fixed and n not in outer.declared and n[0] in "vxslabw" and n != "x"]
    shared = b.random.sample(free, min(len(free), b.number(0, 2)))
    signature = b.pick(("", "x=1", "x=1, *, k=2", "*x"))
    with b.block(f"def {name}({signature}):"), b.inside("plain", {n: outer.variables[n] for n in shared}) as scope:
        scope.turns = outer.turns
        scope.depth = outer.depth + 1
        if shared and b.chance(0.7):
            b.line(f"nonlocal {', '.join(shared)}")
            scope.declared.update(shared)
        elif shared:
            scope.fixed.update(shared)
        if signature:
            scope.variables["x"] = "int" if signature != "*x" else "tuple"
        body(b, 1, 3)
        b.line(f"return {expression(b, 'any', 1)}")
    outer.cost += scope.cost
    if b.chance(0.8):
        b.line(f"{b.assignable('any')} = {name}({b.pick(('', constant(b, 'int'))) if signature else ''})")
    if shared and b.chance(0.15):
        b.line(f"del {shared[0]}")
        b.line(f"{b.assignable('any')} = {name}()")


def run_text(b: Builder) -> None:
    names = b.visible("int") or ["3"]
    form = b.number(0, 2)
    if form == 0:
        b.line(f"{b.assignable('int')} = eval('{b.pick(names)} + 1')")
    elif form == 1:
        b.line(f"{b.assignable('any')} = eval('[q * k for q in range(3)]', {{'k': {expression(b, 'int', 1)}}})")
    else:
        b.line("d0 = {}")
        b.line(f"exec('t = 0\\nfor q in range(40):\\n    t += q\\nu = [t, {b.pick(names) if b.chance(0.3) else 1}]', globals(), d0)")
        b.line(f"{b.assignable('int')} = d0['t']")
    b.scope.cost += 30 * b.scope.turns


def local_class(b: Builder) -> None:
    name = b.fresh("K")
    base = b.pick(("Base", "Mortal", *(c.name for c in b.classes)))
    value = expression(b, "int", 1)
    with b.block(f"class {name}({base}):"):
        b.line(f"p = {value}")
        b.line(f"q = [p for _ in range({b.number(0, 2)})]" if b.chance(0.1) else f"q = p {b.pick(('+ 1', '* 2', 'and 3'))}")
        with b.block("def m0(self, x=1):"):
            b.line(b.pick(("return self.p", "return super().m0(x)", "return __class__.q, x", "return x + self.p")))
    b.scope.variables[f"{name}"] = "any"
    b.line(f"{b.assignable('object')} = {name}({b.pick(('', '1'))})")
    b.scope.cost += 30 * b.scope.turns


def many_parameters(b: Builder) -> None:
    """Star arguments and keywords of a lambda or a builtin."""
    b.line(
        f"{b.assignable('any')} = "
        + b.pick(
            (
                f"(lambda a, b=2, *c, d=4, **e: (a, b, c, d, e))(*{expression(b, 'list', 1)}, **{{'d': {expression(b, 'int', 1)}}})",
                f"max(*{expression(b, 'list', 1)}, key=lambda x: repr(x))",
                f"dict(**{expression(b, 'dict', 1)})",
                f"(lambda **k: sorted(k))(a=1, **{expression(b, 'dict', 1)})",
                f"print({expression(b, 'int', 1)}, {expression(b, 'str', 1)}, sep=':')",
                f"(lambda *, k: k)(k={expression(b, 'any', 1)})",
                f"[*map(lambda x, y: (x, y), {expression(b, 'list', 1)}, {expression(b, 'str', 1)})]",
            )
        )
    )


def import_something(b: Builder) -> None:
    b.line(
        b.pick(
            (
                f"from math import {b.pick(('pi', 'floor', 'nothing'))} as mm",
                "import math as mm",
                "import collections.abc as mm",
                "from itertools import chain as mm",
                "import os.path",
            )
        )
    )


def wrong_delete(b: Builder) -> None:
    b.line(f"del {b.pick(('missing', 'absent'))}")


ROWS: list[Row] = [
    Row(10, assign),
    Row(5, assign_count),
    Row(4, assign_in_place),
    Row(2, unpack),
    Row(3, store_item),
    Row(0.7, delete),
    Row(2, store_attribute, lambda b: bool(b.classes)),
    Row(1, assign_object),
    Row(5, branch, shallow),
    Row(4, count_loop, may_loop),
    Row(3, each_loop, may_loop),
    Row(2, while_loop, may_loop),
    Row(1, mutated_loop, may_loop),
    Row(2, leave_loop, lambda b: b.scope.loops > 0 and not b.scope.in_star),
    Row(0.6, leave_if, may_leave),
    Row(1, match, lambda b: shallow(b) and not_in_class(b)),
    Row(1, raise_if, shallow),
    Row(2, attempt, shallow),
    Row(0.5, attempt_star, shallow),
    Row(1, manage, shallow),
    Row(3, call_something),
    Row(1, log),
    Row(1, use_global, lambda b: bool(b.globals)),
    Row(1, closure, lambda b: shallow(b) and in_function(b)),
    Row(0.3, run_text, in_function),
    Row(0.3, local_class, lambda b: shallow(b) and in_function(b)),
    Row(0.6, many_parameters),
    Row(0.3, import_something, in_function),
    Row(0.05, wrong_delete, in_function),
]

__all__ = ["ROWS", "Row", "arguments", "body", "in_function", "may_leave", "may_loop", "parenthesized", "shallow", "statement"]
