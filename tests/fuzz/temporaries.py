"""Objects that die on the value stack: in the middle of expressions over several lines, while names are bound, loops are left,
patterns tried and exceptions raised. Their finalizers say at which line, and what is bound by then."""

from __future__ import annotations

from builder import Builder

CLASS = """class Temporary(Witness):
    taken = 0
    def __iter__(self): return self
    def __next__(self):
        self.taken += 1
        if self.taken > 3: raise StopIteration
        return self.taken
    def __call__(self, *values): return values[0] if values else Temporary('called')
    def __getitem__(self, key): return key
    def __setitem__(self, key, value): pass
    def __enter__(self): return self
    def __exit__(self, *error): return self.tag != 5
    def __bool__(self): return self.tag != 0
    def __add__(self, other): return Temporary('sum') if type(other) is int else NotImplemented
    __radd__ = __add__
    def __lt__(self, other): return self.tag != 1
    def __eq__(self, other): return other == 3
    def __len__(self): return 2
def boom(value=None): raise ValueError(value)"""


BOUND = ("v", "w", "x", "y")


class Writer:
    """Expressions and statements of one function."""

    def __init__(self, b: Builder) -> None:
        self.b = b
        self.yields = b.chance(0.25)

    def name(self) -> str:
        return self.b.pick(("n", "k", *BOUND))

    def bound(self) -> str:
        return self.b.pick(BOUND)

    def broken(self, *parts: str) -> str:
        """The parts, some of them on lines of their own (all of it is within parentheses)."""
        return "".join(part + self.b.pick((" ", " ", "\n        ")) for part in parts)

    def temporary(self) -> str:
        return f"Temporary({self.b.pick(('0', '1', '2', '3', '5', 'n', 'n % 3'))})"

    def expression(self, depth: int) -> str:
        b = self.b
        if depth == 0 or b.chance(0.15):
            return b.weighted(((4, self.temporary()), (3, self.name()), (1, str(b.number(0, 4))), (1, "None"), (0.25, "(boom(n) if n % 5 == 4 else n)")))
        one, two, three = (self.expression(depth - 1) for _ in range(3))
        if self.yields and b.chance(0.15):
            return self.broken("(", f"yield {b.pick(('', '', 'from '))}", b.pick((one, f"[{one}]", self.temporary())), ")")
        return b.weighted(
            (
                (3, self.broken(f"({self.bound()} :=", one, ")")),
                (3, self.broken("(", one, b.pick(("is", "is not", "==", "<", "and", "or", "+", "in")), two, ")")),
                (2, self.broken("(", one, "if", two, "else", three, ")")),
                (1, self.broken("(", one, b.pick(("<", "==")), two, b.pick(("<", "is")), three, ")")),
                (2, self.broken("[", one, ",", two, "]")),
                (2, self.broken("(", one, ",", two, ",", three, ")")),
                (1, self.broken("{1:", one, ", 'k':", two, "}")),
                (2, self.broken(self.temporary(), "(", one, ",", two, ")")),
                (2, self.broken(self.temporary(), "[", one, "]")),
                (1, self.broken(self.temporary(), ".", b.pick(("tag", "tag", "missing")))),
                (1, self.broken("(not", one, ")")),
                (1, self.broken("len(", self.temporary(), ")")),
                (1, self.broken("[ k for k in", self.temporary(), "]")),
                (1, self.broken("sorted(", one, ", key=lambda k:", two, ")")),
                (1, self.broken("max(", one, ",", two, ")")),
                (1, self.broken("[ *", one, ",", two, "]")),
            )
        )

    def whole(self, depth: int = 2) -> str:
        return f"({self.expression(depth)})"

    def statement(self, depth: int, in_loop: bool = False) -> None:
        b = self.b
        kind = b.number(0, 11 if depth > 0 else 6)
        if kind < 3:
            b.line(f"{self.bound()} = {self.whole()}")
        elif kind == 3:
            b.line(self.whole())
        elif kind == 4:
            target = b.pick((f"{self.bound()}, *{self.bound()}", f"{self.temporary()}[{self.whole(1)}], {self.bound()}", f"[{self.bound()}, {self.bound()}]"))
            b.line(f"{target} = {self.whole()}{b.pick(('', ', 1', ', Temporary(2)'))}")
        elif kind == 5:
            b.line(b.pick((f"{self.bound()} += {self.whole(1)}", f"assert {self.whole(1)}, {self.whole(1)}")))
        elif kind == 6:
            leave = ["return " + self.whole(), f"if n % 4 == 3: return {self.whole(1)}"]
            b.line(b.pick((*leave, "break", "if n % 3 == 2: break", "continue") if in_loop else leave))
        elif kind == 7:
            self.match(depth)
        elif kind == 8:
            with b.block(f"for {self.bound()} in {b.pick((self.temporary(), self.whole(1), f'[{self.temporary()}, {self.temporary()}]'))}:"):
                for _ in range(b.number(1, 3)):
                    self.statement(depth - 1, in_loop=True)
            if b.chance(0.3):
                with b.block("else:"):
                    self.statement(depth - 1, in_loop)
        elif kind == 9:
            with b.block(f"with {self.temporary()} as {self.bound()}, ({self.temporary()}\n        ):"):
                self.statement(depth - 1, in_loop)
        elif kind == 10:
            with b.block("try:"):
                self.statement(depth - 1, in_loop)
                b.line(b.pick(("boom(n)", f"boom({self.temporary()})", f"({self.temporary()}, boom(k))", f"{self.temporary()}.missing", self.whole())))
            with b.block(f"except {b.pick(('ValueError', 'Exception', '(AttributeError, ValueError)'))} as error:"):
                self.statement(depth - 1, in_loop)
            if b.chance(0.3):
                with b.block("finally:"):
                    self.statement(0)
        else:
            with b.block(f"if {self.whole(1)}:"):
                self.statement(depth - 1, in_loop)
            with b.block("else:"):
                self.statement(depth - 1, in_loop)

    def match(self, depth: int) -> None:
        b = self.b
        patterns = [
            f"Temporary(tag={self.bound()})",
            f"Temporary(tag={self.bound()}) as {self.bound()}",
            f"[{self.bound()}, *_]",
            f"[1, {self.bound()}]",
            f"{{'k': {self.bound()}}}",
            "1 | 2 | None",
            f"int() as {self.bound()}",
            f"Temporary() if ({self.bound()} := n) > 3",
        ]
        with b.block(f"match {self.whole()}:"):
            for pattern in b.random.sample(patterns, b.number(1, 3)):
                with b.block(f"case {pattern}:"):
                    self.statement(depth - 1)
            if b.chance(0.6):
                with b.block("case _:"):
                    self.statement(depth - 1)


def temporaries(b: Builder) -> None:
    if "temporaries" not in b.subjects:
        b.subjects.add("temporaries")
        for line in CLASS.splitlines():
            b.line(line)
    name = b.fresh("f")
    with b.block(f"def {name}(n, k=None):"):
        # (Which line an UnboundLocalError has depends on whether the interpreter has made one instruction of two.)
        b.line(f"{' = '.join(BOUND)} = {b.pick(('0', 'None', '(1.5)', 'n', 'True'))}")
        writer = Writer(b)
        for _ in range(b.number(2, 4)):
            writer.statement(2)
        b.line(f"return {writer.whole(1)}")
    call = f"lambda: [*itertools.islice({name}(i), 20)]" if writer.yields else f"{name}, i"
    b.line(f"for i in range({b.number(13, 18)}): attempt('{name}', {call})")


SUBJECTS = [temporaries, temporaries]
