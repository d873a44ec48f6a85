"""What the parts of the generator share: the random choices, the text so far, and what is known where it is being written."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TypeVar

T = TypeVar("T")

#: What a variable usually holds. A value of another kind is put there now and then.
KINDS = ("int", "float", "str", "list", "dict", "tuple", "object", "any")
PREFIXES = {"int": "v", "float": "x", "str": "s", "list": "l", "dict": "d", "tuple": "t", "object": "o", "any": "y", "bool": "b", "bytes": "r"}
#: Runs of the body of a loop in a function, at most, for all loops around it together.
MOST_TURNS = 600
#: The same for all that a function calls, in simple statements.
MOST_COST = 30_000


@dataclass
class Function:
    """A function of the program; ``flavour`` is "plain", "generator", "coroutine" or "asyncgen"."""

    name: str
    parameters: list[str] = field(default_factory=list)  # kinds
    flavour: str = "plain"
    cost: int = 1
    variadic: bool = False
    optional: int = 0  # of the last parameters


@dataclass
class Class:
    name: str
    attributes: dict[str, str] = field(default_factory=dict)  # -> kind
    methods: dict[str, Function] = field(default_factory=dict)
    slots: bool = False
    parameters: list[str] = field(default_factory=list)


@dataclass
class Scope:
    """A code block that is being written."""

    flavour: str  # as Function.flavour, or "module", "class"
    variables: dict[str, str] = field(default_factory=dict)  # may be bound -> kind
    outer: Scope | None = None
    turns: int = 1  # of the loops around
    loops: int = 0
    depth: int = 0
    cost: int = 0
    fixed: set[str] = field(default_factory=set)  # not to be assigned: loop counters
    in_star: bool = False  # in except*: no return, break, continue
    declared: set[str] = field(default_factory=set)  # global and nonlocal


class Builder:
    """Writes one program."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)
        self.lines: list[str] = []
        self.indentation = 0
        self.functions: list[Function] = []
        self.classes: list[Class] = []
        self.globals: dict[str, str] = {}
        self.scope = Scope("module")
        self.pending: dict[str, str] = {}
        self.counters: dict[str, int] = {}
        self.subjects: set[str] = set()  # whose helpers are written already
        # How often a value is not of the kind that is expected, and a variable gets one of another kind.
        self.oddness = self.pick((0.0, 0.003, 0.01, 0.03))
        self.changing = self.pick((0.0, 0.01, 0.04))

    # --- choices
    def chance(self, probability: float) -> bool:
        return self.random.random() < probability

    def pick(self, items: Sequence[T]) -> T:
        return items[int(self.random.random() * len(items))]

    def weighted(self, rows: Sequence[tuple[float, T]]) -> T:
        return self.random.choices([row[1] for row in rows], [row[0] for row in rows])[0]

    def number(self, first: int, last: int) -> int:
        return self.random.randint(first, last)

    def fresh(self, prefix: str) -> str:
        count = self.counters.get(prefix, 0)
        self.counters[prefix] = count + 1
        return f"{prefix}{count}"

    # --- text
    def line(self, text: str) -> None:
        self.lines.append("    " * self.indentation + text)
        for name, kind in self.pending.items():
            self.scope.variables.setdefault(name, kind)
        self.pending.clear()
        self.scope.cost += self.scope.turns

    @contextmanager
    def block(self, head: str) -> Iterator[None]:
        """Writes ``head``, and what is written meanwhile below it."""
        self.line(head)
        before = len(self.lines)
        self.indentation += 1
        yield
        if len(self.lines) == before:
            self.line("pass")
        self.indentation -= 1

    @contextmanager
    def nested(self) -> Iterator[None]:
        """Statements that may not run: what is first bound in them may be unbound later."""
        before = {*self.scope.variables}
        self.scope.depth += 1
        yield
        self.scope.depth -= 1
        self.forget(before)

    def forget(self, known: set[str]) -> None:
        """Mostly leave alone what was first bound where it may not have been."""
        for name in [*self.scope.variables]:
            if name not in known and not self.chance(0.04):
                del self.scope.variables[name]

    @contextmanager
    def loop(self, turns: int) -> Iterator[None]:
        scope = self.scope
        before, known = scope.turns, {*scope.variables}
        scope.turns *= max(turns, 1)
        scope.loops += 1
        scope.depth += 1
        yield
        scope.turns = before
        scope.loops -= 1
        scope.depth -= 1
        self.forget(known)

    @contextmanager
    def inside(self, flavour: str, variables: dict[str, str] | None = None) -> Iterator[Scope]:
        """In a function or class body of its own."""
        outer = self.scope
        self.scope = Scope(flavour, dict(variables or {}), outer)
        yield self.scope
        self.scope = outer

    # --- variables
    def visible(self, kind: str | None = None) -> list[str]:
        """Variables of this scope that hold ``kind``, as far as one knows."""
        return [name for name, held in self.scope.variables.items() if kind is None or held == kind]

    def assignable(self, kind: str) -> str:
        """A variable to assign a value of ``kind`` to, perhaps one that had another."""
        scope = self.scope
        fitting = [name for name in self.visible(kind) if name not in scope.fixed]
        if fitting and self.chance(0.65):
            return self.pick(fitting)
        others = [name for name in scope.variables if name not in scope.fixed and name not in scope.declared]
        if others and self.chance(self.changing):
            return self.pick(others)
        name = f"{PREFIXES[kind]}{self.number(0, 2)}"
        while name in scope.fixed or scope.variables.get(name, kind) != kind:
            name = self.fresh("w")
        # Known when the statement is written: its own expressions do not use it.
        self.pending.setdefault(name, kind)
        return name

    def loop_turns(self) -> int:
        """How often a loop that begins here may run; 0: no loop fits."""
        room = MOST_TURNS // self.scope.turns
        if room < 2:
            return 0
        few = room < 10 or self.scope.loops > 0 or self.chance(0.5)
        return self.number(2, min(room, 8)) if few else self.number(10, min(room, 70))

    def affordable(self, functions: Sequence[Function]) -> list[Function]:
        return [function for function in functions if function.cost * self.scope.turns < MOST_COST]
