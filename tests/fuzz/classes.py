"""Classes of a program: attributes kept in all the ways there are, operators that refuse, raise, and are reflected."""

from __future__ import annotations

from builder import Builder, Class, Function
from expressions import constant, expression
from statements import body

ATTRIBUTES = ("p", "q", "r", "s")
BINARY = ("add", "sub", "mul", "floordiv", "mod", "and", "or", "lshift", "truediv", "pow", "matmul")


def write(b: Builder) -> Class:
    """A class statement; what it makes is known to what is written from now on."""
    made = Class(b.fresh("C"))
    bases = [c for c in b.classes if not c.slots]
    base = b.pick(bases) if bases and b.chance(0.4) else None
    made.slots = base is None and b.chance(0.2)
    made.parameters = [b.pick(("int", "float", "any", "str")) for _ in range(b.number(0, 2))]
    if base is not None:
        made.methods.update(base.methods)
        made.attributes.update(base.attributes)
    names = b.random.sample(ATTRIBUTES, b.number(1, 3))
    kinds = {name: b.pick(("int", "int", "float", "list", "any", "str")) for name in names}
    parent = (
        base.name if base is not None else b.weighted(((8, "Base"), (1, "Mortal"), (0.5, "int"), (0.5, "list"), (0.3, "dict"), (0.3, "ValueError")))
    )
    made.slots = made.slots and parent == "Base"
    with b.block(f"class {made.name}({parent}):"), b.inside("class"):
        if made.slots:
            b.line(f"__slots__ = ({', '.join(repr(name) for name in [*names, 'tag', 'extra'])},)")
        elif b.chance(0.5):
            name = b.pick(ATTRIBUTES)
            if name not in names:
                b.line(f"{name} = {constant(b, 'int')}")
                made.attributes[name] = "int"
        write_init(b, made, kinds, base, parent)
        made.attributes.update(kinds)
        for _ in range(b.number(0, 3)):
            write_method(b, made, base is not None)
        for _ in range(b.number(0, 4)):
            write_special(b, made)
        if not made.slots:
            write_descriptors(b, made)
    b.classes.append(made)
    return made


def write_init(b: Builder, made: Class, kinds: dict[str, str], base: Class | None, parent: str) -> None:
    parameters = {f"a{i}": kind for i, kind in enumerate(made.parameters)}
    optional = [f"{name}={constant(b, kind)}" for name, kind in parameters.items()]
    if parent in ("int", "list", "dict", "ValueError"):
        with b.block("def __new__(cls, *args):"):
            b.line(f"return {parent}.__new__(cls{b.pick((', 3', '')) if parent == 'int' else ''})")
    with b.block(f"def __init__({', '.join(['self', *optional])}):"), b.inside("plain", parameters):
        if base is not None and b.chance(0.7):
            b.line("super().__init__()")
        if b.chance(0.2):
            with b.block(f"if {expression(b, 'bool', 1)}:"):
                b.line(f"self.{b.pick(ATTRIBUTES[:2] if not made.slots else [*kinds])} = {constant(b, 'int')}")
        for name, kind in kinds.items():
            b.line(f"self.{name} = {expression(b, kind, 1)}")
        if parent == "Mortal" or made.slots:
            b.line(f"self.tag = {constant(b, 'int')}")


def write_method(b: Builder, made: Class, has_base: bool) -> None:
    name = f"m{b.number(0, 2)}"
    method = Function(name, [b.pick(("int", "float", "any")) for _ in range(b.number(0, 2))])
    parameters = {f"a{i}": kind for i, kind in enumerate(method.parameters)}
    heads = [f"{parameter}={constant(b, kind)}" for parameter, kind in parameters.items()]
    method.optional = len(heads)
    how = b.weighted(((7, ""), (1, "@staticmethod"), (1, "@classmethod"), (0.5, "@functools.lru_cache(maxsize=3)")))
    if how:
        b.line(how)
    first = [] if how == "@staticmethod" else ["cls" if how == "@classmethod" else "self"]
    with b.block(f"def {name}({', '.join([*first, *heads])}):"), b.inside("plain", parameters) as scope:
        owner = first[0] if first else b.pick(("(3)", made.name))
        for attribute, kind in b.random.sample(sorted(made.attributes.items()), min(len(made.attributes), b.number(0, 2))):
            b.line(f"v{b.number(0, 3)} = {owner}.{attribute}")
            scope.variables[b.lines[-1].split()[0]] = kind
        body(b, 0, 3)
        if has_base and first and b.chance(0.3):
            b.line(f"{b.assignable('any')} = super().{b.pick((name, 'm0', 'p', '__repr__'))}{b.pick(('()', ''))}")
        if first == ["self"] and b.chance(0.5):
            attribute = b.pick([*made.attributes])
            b.line(f"self.{attribute} = {expression(b, made.attributes[attribute], 1)}")
        b.line(f"return {expression(b, 'any', 1)}")
        method.cost = scope.cost + 3
    if how != "@functools.lru_cache(maxsize=3)":
        made.methods[name] = method


def refusing(b: Builder, value: str) -> str:
    return b.weighted(((5, value), (3, "NotImplemented"), (0.5, "None")))


def write_special(b: Builder, made: Class) -> None:
    attribute = b.pick([*made.attributes])
    form = b.number(0, 16)
    number = expression(b, "int", 0)
    if form < 5:
        operator = b.pick(BINARY)
        name = b.pick((f"__{operator}__", f"__{operator}__", f"__r{operator}__", f"__i{operator}__"))
        with b.block(f"def {name}(self, other{', mod=None' if operator == 'pow' and 'i' not in name else ''}):"):
            with b.block(f"if isinstance(other, {b.pick(('int', 'float', '(int, str)', made.name))}):"):
                b.line(f"return {refusing(b, b.pick((number, 'other', 'self', f'self.{attribute}', 'type(other).__name__')))}")
            if b.chance(0.2):
                b.line("raise ValueError('operator')")
            b.line(f"return {refusing(b, b.pick(('self', '1')))}")
    elif form < 8:
        name = b.pick(("lt", "le", "eq", "ne", "gt", "ge"))
        with b.block(f"def __{name}__(self, other):"):
            b.line(f"return {refusing(b, b.pick(('True', 'False', 'other is self', '[]', '[1]', f'self.{attribute} == other')))}")
        if name == "eq" and b.chance(0.7):
            b.line(b.pick(("__hash__ = Base.__hash__", "def __hash__(self): return 5")))
    elif form == 8:
        b.line(f"def __bool__(self): return {b.pick(('True', 'False', '1', f'bool(self.{attribute})'))}")
    elif form == 9:
        b.line(f"def __len__(self): return {b.pick(('0', '3', '-1', f'self.{attribute}'))}")
    elif form == 10:
        with b.block("def __getitem__(self, key):"):
            with b.block(f"if key == {b.number(2, 5)}:"):
                b.line("raise IndexError(key)")
            b.line(f"return {b.pick(('key', f'self.{attribute}', number))}")
        with b.block("def __setitem__(self, key, value):"):
            b.line(f"self.{attribute} = value")
    elif form == 11:
        with b.block("def __contains__(self, key):"):
            b.line(f"return {b.pick(('key', 'True', f'key == self.{attribute}'))}")
    elif form == 12:
        with b.block("def __iter__(self):"):
            b.line(b.pick(("yield 1; yield self", "return iter((1, 2, 3))", "return self", f"yield self.{attribute}")))
        if b.chance(0.4):
            with b.block("def __next__(self):"):
                b.line(b.pick(("raise StopIteration", "raise KeyError('next')")))
    elif form == 13:
        b.line(f"def __call__(self, *a, **k): return {b.pick(('a', 'len(a)', f'self.{attribute}'))}")
    elif form == 14:
        b.line(f"def __index__(self): return {b.pick((number, '2', '1.5'))}")
        b.line("def __neg__(self): return self.__index__()")
    elif form == 15:
        with b.block("def __getattr__(self, name):"):
            with b.block(f"if name == {b.pick(ATTRIBUTES)!r}:"):
                b.line(f"return {b.number(0, 9)}")
            b.line("raise AttributeError(name)")
    else:
        with b.block("def __setattr__(self, name, value):"):
            b.line(b.pick(("object.__setattr__(self, name, value)", "super().__setattr__(name, value)")))


def write_descriptors(b: Builder, made: Class) -> None:
    if not b.chance(0.3):
        return
    name = b.pick(("t", "u"))
    hidden = b.pick([*made.attributes])
    with b.block("@property"):
        pass
    b.lines.pop()
    with b.block(f"def {name}(self):"):
        b.line(b.pick((f"return self.{hidden}", f"return {b.number(0, 9)}", "raise AttributeError('property')")))
    made.attributes[name] = made.attributes[hidden]
    if b.chance(0.5):
        b.line(f"@{name}.setter")
        with b.block(f"def {name}(self, value):"):
            b.line(b.pick((f"self.{hidden} = value", "pass")))
