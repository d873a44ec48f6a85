"""Expressions, each of a kind that it usually has. Nothing in them takes long, or grows without bound in a loop by itself."""

from __future__ import annotations

from builder import Builder, Function

EDGES = sorted(
    {sign * ((1 << bits) + near) for bits in (7, 8, 15, 29, 30, 31, 32, 53, 59, 60, 61, 62, 63, 64) for near in (-1, 0, 1) for sign in (1, -1)}
)
USUAL_FLOATS = ("0.0", "1.0", "-1.5", "0.1", "2.5", "3.0", "-0.25", "1e16")
FLOATS = (
    "0.0",
    "-0.0",
    "1.0",
    "-1.5",
    "0.1",
    "2.5",
    "1e16",
    "1e300",
    "-1e300",
    "5e-324",
    "9007199254740993.0",
    "float('inf')",
    "float('-inf')",
    "float('nan')",
    "4611686018427387904.0",
    "3.0",
)
STRINGS = ("''", "'a'", "'abc'", "'x y'", "'é'", "'\\u20ac5'", "'10'", "'Z'", "'aXb'", "'\\U0001f600'", "'%s'", "'p'")
BYTES = ("b''", "b'ab'", "b'\\x00\\xff'", "bytearray(b'xyz')", "b'q'")
COMPARISONS = ("<", "<=", "==", "!=", ">", ">=")
ODD = (
    "None", "True", "False", "()", "[]", "{}", "set()", "NotImplemented", "...", "object", "int", "b'x'", "3j", "range(3)", "frozenset((1, 2))", "slice(1, 3)",
    "Mortal('odd')", "lambda *a: len(a)", "iter([1, 2])", "(i for i in (1, 2))", "ValueError('v')",
)  # fmt: skip


def expression(b: Builder, kind: str, depth: int = 2) -> str:
    """Source in parentheses where it needs them."""
    if b.chance(b.oddness):
        return odd(b, depth)
    if kind == "any":
        kind = b.pick(("int", "int", "float", "str", "list", "tuple", "dict", "object", "bool"))
    names = b.visible(kind)
    if names and b.chance(0.55 if depth > 0 else 0.75):
        return b.pick(names)
    if depth <= 0:
        return constant(b, kind)
    return MAKERS[kind](b, depth)


def constant(b: Builder, kind: str) -> str:
    if kind == "int":
        return str(b.number(-3, 12)) if b.chance(0.8) else parenthesized(str(b.pick(EDGES)))
    if kind == "float":
        return parenthesized(b.pick(FLOATS if b.chance(0.2) else USUAL_FLOATS))
    if kind == "str":
        return b.pick(STRINGS)
    if kind == "bool":
        return b.pick(("True", "False"))
    if kind == "bytes":
        return b.pick(BYTES)
    if kind == "list":
        return b.weighted(
            ((6, "[1, 2, 3]"), (1, "[]"), (2, "[0.5, 2.0, -1.0]"), (0.4, "['a', 'b']"), (0.4, "[3, 'x', None, 2.5]"), (4, "[5, 4, 3, 2, 1, 0]"))
        )
    if kind == "dict":
        return b.pick(("{}", "{'a': 1, 'b': 2}", "{'a': 1, 'b': 2}", "{1: 3, 2: 4, 'p': 5}", "{1: 'x', 2: 'y'}", "{'p': 1.5, 'q': None}"))
    if kind == "tuple":
        return b.pick(("()", "(1, 2)", "(1, 2, 3)", "(4, 5)", "(1, 2.5, 'c')", "(0,)", "('k', 3)"))
    if kind == "object":
        return instance(b, 0)
    return "None"


def parenthesized(text: str) -> str:
    return f"({text})" if text.startswith("-") else text


def odd(b: Builder, depth: int) -> str:
    if b.chance(0.3):
        return f"({expression(b, 'any', depth - 1)})"
    return f"({b.pick(ODD)})"


def instance(b: Builder, depth: int) -> str:
    if not b.classes or b.chance(0.15):
        return b.weighted(((3, f"Mortal({b.number(0, 99)})"), (1, f"Witness({b.number(0, 99)})")))
    chosen = b.pick(b.classes)
    arguments = [expression(b, kind, depth - 1) for kind in chosen.parameters]
    return f"{chosen.name}({', '.join(arguments)})"


def integer(b: Builder, depth: int) -> str:
    def part(kind: str = "int") -> str:
        return expression(b, kind, depth - 1)

    form = b.number(0, 34)
    if form < 12:
        return f"({part()} {b.pick(('+', '-', '+', '-', '*', '&', '|', '^'))} {part()})"
    if form < 14:
        divisor = str(b.pick((-7, -1, 2, 3, 10, 1000003, 1 << 30)))
        return f"({part()} {b.pick(('//', '%'))} {b.pick((divisor, divisor, divisor, f'({part()} or 1)', part()))})"
    if form < 16:
        return f"({part()} {b.pick(('<<', '>>'))} {b.pick((str(b.number(0, 70)), f'({part()} & 31)'))})"
    if form == 16:
        return f"({b.pick(('-', '~', '+'))}{part()})"
    if form == 17:
        return f"({part()} ** {b.number(0, 5)})"
    if form == 18:
        return f"({part()} if {condition(b, depth - 1)} else {part()})"
    if form == 19:
        return f"len({part(b.pick(('list', 'str', 'dict', 'tuple')))})"
    if form == 20:
        return f"{b.pick(('min', 'max'))}({part()}, {part()})"
    if form == 21:
        return f"{b.pick(('abs', 'int', 'round'))}({part(b.pick(('int', 'int', 'int', 'float')))})"
    if form == 22:
        if b.chance(0.2):
            return f"{part('list')}[{b.pick((str(b.number(-2, 1)), part()))}]"
        held = b.visible("list")
        return f"({(name := b.pick(held))}[{part()} % len({name})] if {name} else 0)" if held else f"[4, 5, 6][{part()} % 3]"
    if form == 23:
        return f"({part('tuple')} + (6, 7))[{b.number(-2, 1)}]" if b.chance(0.9) else f"{part('tuple')}[{b.number(-2, 2)}]"
    if form == 24:
        return f"{part('dict')}.get({part(b.pick(('str', 'int')))}, {part()})"
    if form == 25:
        return f"sum({part('list')})" if b.chance(0.2) else f"sum(v for v in {part('list')} if type(v) is int)"
    if form == 26:
        return f"(lambda {'x' if b.chance(0.7) else 'x, *r'}: x {b.pick(('+', '-', '&'))} {b.number(0, 5)})({part()})"
    if form == 27:
        return f"({part()}).bit_length()"
    if form == 28:
        return f"(w := {part()})" if b.scope.flavour != "class" else part()
    if form == 29:
        return f"divmod({part()}, {part()} or 3)[{b.number(0, 1)}]"
    if form == 30:
        return attribute(b, "int", depth)
    if form == 31:
        return f"sum({b.pick(('i', 'i * i', '1', 'i & 3'))} for i in {iterable(b, depth - 1)})"
    if form == 32:
        return f"ord(({part('str')} + 'q')[0])"
    if form == 33:
        return call(b, depth) or part()
    return f"({part()} {b.pick(('and', 'or'))} {part()})"


def attribute(b: Builder, kind: str, depth: int) -> str:
    owners = [c for c in b.classes if kind in c.attributes.values()]
    if not owners:
        return constant(b, kind)
    owner = b.pick(owners)
    name = b.pick([name for name, held in owner.attributes.items() if held == kind])
    held = b.visible("object")
    return f"{b.pick(held) if held and b.chance(0.8) else instance(b, depth - 1)}.{name}"


def floating(b: Builder, depth: int) -> str:
    def part(kind: str = "float") -> str:
        return expression(b, kind, depth - 1)

    form = b.number(0, 17)
    if form < 8:
        return f"({part()} {b.pick(('+', '-', '*', '+', '-', '*', '+', '*', '/'))} {part(b.pick(('float', 'float', 'int')))})"
    if form == 8:
        return f"({part()} {b.pick(('//', '%'))} {b.pick((part(), '2.5', '-0.5', '3'))})"
    if form == 9:
        return f"({part('int')} / {b.pick((part('int'), '3', '-7'))})"
    if form == 10:
        return f"float({part(b.pick(('int', 'float')))})"
    if form == 11:
        return f"(-{part()})"
    if form == 12:
        return f"abs({part()})"
    if form == 13:
        if b.chance(0.8):
            return f"math.{b.pick(('sqrt(abs', 'sin(abs', 'atan(abs', 'fabs(abs', 'hypot(abs'))}({part()}))"
        return f"math.{b.pick(('sqrt', 'sin', 'floor', 'exp', 'isnan', 'copysign', 'log'))}({part()}{', -1.0' if b.chance(0.05) else ''})"
    if form == 14:
        return f"({part()} if {condition(b, depth - 1)} else {part()})"
    if form == 15:
        return f"{b.pick(('min', 'max'))}({part()}, {part('int')})"
    if form == 16:
        return attribute(b, "float", depth)
    return f"(abs({part()}) ** {b.pick(('0.5', '2', '-1', '2.0', part()))})"


def string(b: Builder, depth: int) -> str:
    def part(kind: str = "str") -> str:
        return expression(b, kind, depth - 1)

    form = b.number(0, 12)
    if form < 3:
        return f"({part()} + {part()})"
    if form == 3:
        inner = b.pick((part("int"), part("float"), part("str"))).replace("'", '"')
        if "\\" in inner or "{" in inner or '"' in inner or "lambda" in inner or ":" in inner:
            inner = "1"
        return f"f'{b.pick(('', 'k'))}{{{inner}{b.pick(('', '!r', ':>4', '!s:5', '!a'))}}}z'"
    if form == 4:
        return f"({part()} * ({part('int')} % 4))"
    if form == 5:
        return f"{part()}[{b.pick(('1:', ':2', '::-1', '0', '-1:', '1:3'))}]"
    if form == 6:
        return f"str({part(b.pick(('int', 'float')))})"
    if form == 7:
        return f"{part()}.{b.pick(('upper()', 'strip()', 'lower()', 'replace(' + chr(39) + 'a' + chr(39) + ', ' + chr(39) + 'bb' + chr(39) + ')', 'title()', 'zfill(4)'))}"
    if form == 8:
        return f"'-'.join(str(i) for i in {iterable(b, depth - 1)})"
    if form == 9:
        return f"('%s:%d' % ({part('any')}, {part('int')}))" if b.chance(0.2) else f"('%s/%s' % ({part()}, {part('int')}))"
    if form == 10:
        return f"({part()} if {condition(b, depth - 1)} else {part()})"
    if form == 11:
        return attribute(b, "str", depth)
    return f"chr(97 + ({part('int')} & 15))"


def sequence(b: Builder, depth: int) -> str:
    def part(kind: str = "any") -> str:
        return expression(b, kind, depth - 1)

    inner = b.weighted(((6, "int"), (2, "float"), (1, "str"), (1, "any")))
    form = b.number(0, 11)
    if form < 3:
        return f"[{', '.join(part(inner) for _ in range(b.number(0, 4)))}]"
    if form == 3:
        return f"[{b.pick(('i', 'i', 'i * 2', part('int'), part('int'), '(i, 1)', 'str(i)', '[i]'))} for i in {iterable(b, depth - 1)}{b.pick(('', ' if i', ' if i != 2'))}]"
    if form == 4:
        return f"{part('list')}[{b.pick(('1:', ':2', '::-1', '::2', '-2:', '1:-1', ':', part('int') + ':'))}]"
    if form == 5:
        return f"({part('list')} + {part('list')})"
    if form == 6:
        return f"[*{part(b.pick(('list', 'tuple', 'str')))}, {part('int')}]"
    if form == 7:
        return f"sorted({part('list')}{b.pick(('', ', key=str', ', key=lambda x: str(x)', ', key=repr, reverse=True', ', key=lambda x: -x'))})"
    if form == 8:
        return f"list({b.pick(('filter(None, ', 'reversed(', 'reversed(', 'map(repr, ', 'map(abs, ', 'enumerate('))}{part('list')}))"
    if form == 9:
        return f"[x for x, _ in zip({part('list')}, {part(b.pick(('tuple', 'str', 'list')))})]"
    if form == 10:
        return f"([{part('int')}] * {b.number(0, 5)})"
    return f"list({part(b.pick(('dict', 'str', 'tuple')))})"


def pairs(b: Builder, depth: int) -> str:
    def part(kind: str = "any") -> str:
        return expression(b, kind, depth - 1)

    form = b.number(0, 6)
    if form < 2:
        value = b.pick(("int", "int", "any"))
        return (
            "{"
            + ", ".join(f"{key}: {part(value)}" for key in b.random.sample(("'a'", "'b'", "1", "2.0", "'p'", "(1, 2)", "None"), b.number(0, 3)))
            + "}"
        )
    if form == 2:
        return f"{{i: {b.pick(('i', 'str(i)', part('int')))} for i in {iterable(b, depth - 1)}}}"
    if form == 3:
        return f"dict({b.pick(('', 'a=1', f'p={part()}', '[(1, 2)]', 'zip(' + part('str') + ', ' + part('list') + ')'))})"
    if form == 4:
        return f"{{**{part('dict')}, 'z': {part('int')}}}"
    if form == 5:
        return f"({part('dict')} | {part('dict')})"
    return "{" + f"{expression(b, b.pick(('int', 'str', 'float')), depth - 1)}: {part()}" + "}"


def fixed(b: Builder, depth: int) -> str:
    def part(kind: str = "any") -> str:
        return expression(b, kind, depth - 1)

    form = b.number(0, 5)
    if form < 3:
        return f"({''.join(part() + ', ' for _ in range(b.number(0, 3)))})"
    if form == 3:
        return f"tuple({part('list')})"
    if form == 4:
        return f"({part('tuple')} + ({part('int')},))"
    return f"(*{part(b.pick(('list', 'tuple')))}, {part('int')})"


def truth(b: Builder, depth: int) -> str:
    return f"({condition(b, depth)})"


def thing(b: Builder, depth: int) -> str:
    if b.chance(0.2):
        return attribute(b, "object", depth)
    return instance(b, depth)


def raw(b: Builder, depth: int) -> str:
    form = b.number(0, 4)
    if form == 0:
        return f"bytes({expression(b, 'list', depth - 1)})"
    if form == 1:
        return f"({constant(b, 'bytes')} + {constant(b, 'bytes')})"
    if form == 2:
        return f"{constant(b, 'bytes')}[{b.number(-1, 1)}:]"
    return constant(b, "bytes")


def condition(b: Builder, depth: int) -> str:
    """What a branch asks; mostly but not always a bool."""

    def part(kind: str) -> str:
        return expression(b, kind, depth - 1)

    form = b.number(0, 15)
    numbers = b.pick(("int", "int", "int", "float"))
    if form < 5:
        return f"{part(numbers)} {b.pick(COMPARISONS)} {part(numbers)}"
    if form == 5:
        return f"{part('int')} {b.pick(COMPARISONS)} {part('int')} {b.pick(COMPARISONS)} {part('int')}"
    if form == 6:
        return part(b.pick(("int", "str", "list", "any", "object")))
    if form == 7:
        return f"(not {part(b.pick(('int', 'str', 'list', 'any')))})"
    if form == 8:
        return f"{part('any')} is {b.pick(('', 'not '))}None"
    if form == 9:
        return f"{part('any')} {b.pick(('in', 'not in'))} {part(b.pick(('list', 'tuple', 'dict', 'str')))}"
    if form == 10:
        return f"isinstance({part('any')}, {b.pick(('int', 'str', '(int, float)', 'list', b.pick(b.classes).name if b.classes else 'dict'))})"
    if form == 11 and depth > 0:
        return f"({condition(b, depth - 1)} {b.pick(('and', 'or'))} {condition(b, depth - 1)})"
    if form == 12:
        return f"{part('str')} {b.pick(COMPARISONS)} {part('str')}"
    if form == 13:
        return f"({part('int')} & {b.pick((1, 3, 7))}) == {b.number(0, 3)}"
    if form == 14:
        return f"type({part('any')}) is {b.pick(('int', 'float', 'str'))}"
    return f"{part('any')} == {part('any')}"


def iterable(b: Builder, depth: int) -> str:
    """Something short to iterate over, of numbers mostly."""
    form = b.number(0, 8)
    if form < 3 or depth < 0:
        return b.pick((f"range({b.number(0, 6)})", f"range({b.number(-3, 2)}, {b.number(0, 7)})", "range(5, 0, -2)", "(1, 2, 3)"))
    if form == 3 and not b.chance(0.1):
        return f"({expression(b, 'list', depth)} or ())"
    generators = [f for f in b.affordable(b.functions) if f.flavour == "generator"]
    if form == 4 and generators:
        chosen = b.pick(generators)
        return f"itertools.islice({chosen.name}({arguments(b, chosen, depth)}), 5)"
    return expression(b, b.pick(("list", "list", "tuple", "dict", "str")), depth)


def arguments(b: Builder, function: Function, depth: int) -> str:
    """Arguments for a call that mostly fits."""
    count = len(function.parameters) - b.number(0, function.optional)
    given = [expression(b, kind, depth - 1) for kind in function.parameters[:count]]
    if given and b.chance(0.04):
        given.pop()
    if function.variadic and b.chance(0.5):
        given.append(f"*{expression(b, b.pick(('tuple', 'list')), depth - 1)}")
        if b.chance(0.4):
            given.append(b.pick(("k=1", "**{'z': 2}", "k=2.5, j=None")))
    elif b.chance(0.05):
        given = [f"*({', '.join(given)}{',' if given else ''})"]
    return ", ".join(given)


def call(b: Builder, depth: int) -> str | None:
    """A call of a function or a method of the program; None if there is none that can be afforded."""
    plain = [f for f in b.affordable(b.functions) if f.flavour == "plain"]
    methods = [(c, f) for c in b.classes for f in b.affordable([*c.methods.values()]) if f.flavour == "plain"]
    if methods and b.chance(0.5):
        owner, method = b.pick(methods)
        b.scope.cost += method.cost * b.scope.turns
        held = b.visible("object")
        receiver = b.pick(held) if held and b.chance(0.8) else f"{owner.name}({', '.join(expression(b, kind, 0) for kind in owner.parameters)})"
        return f"{receiver}.{method.name}({arguments(b, method, depth)})"
    if not plain:
        return None
    chosen = b.pick(plain)
    b.scope.cost += chosen.cost * b.scope.turns
    return f"{chosen.name}({arguments(b, chosen, depth)})"


MAKERS = {
    "int": integer,
    "float": floating,
    "str": string,
    "list": sequence,
    "dict": pairs,
    "tuple": fixed,
    "object": thing,
    "bool": truth,
    "bytes": raw,
}
