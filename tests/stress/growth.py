"""Redefines functions and classes, reloads templates, and makes closures by ``exec``, for many rounds: neither the
process nor the machine code may grow. Argument: rounds.

Memory is read after each tenth of the rounds; the last half is compared with what the third and fourth tenth have.
"""

from __future__ import annotations

import gc
import string
import sys
import types
from collections.abc import Callable

import pyston

FUNCTION = """
def made_{n}(values, scale={n}):
    def inner(value):
        return value * scale + offset
    offset = {n}
    total = 0
    for value in values:
        total += inner(value)
    return total

class Made_{n}:
    kind = {n}
    def __init__(self, value):
        self.value = value
    def get(self):
        return self.value + self.kind
    def __add__(self, other):
        return Made_{n}(self.get() + other.get())

def gen_{n}(count):
    for i in range(count):
        yield Made_{n}(i).get()
"""

TEMPLATE = """
def render(rows, title={title!r}):
    out = [title]
    for row in rows:
        out.append("<td>%s</td>" % (row,))
    return "".join(out)
"""


def redefined(turn: int) -> int:
    namespace: dict[str, object] = {}
    exec(FUNCTION.format(n=turn % 1000), namespace)
    n = turn % 1000
    total = namespace[f"made_{n}"](range(20))
    made = namespace[f"Made_{n}"]
    for i in range(20):
        total += (made(i) + made(1)).get()
    return total + sum(namespace[f"gen_{n}"](10))


class Plain:
    def method(self, x):
        return x + 1


def patched(turn: int) -> int:
    """A class whose methods are exchanged, and an instance that lives on."""
    exec_space: dict[str, object] = {}
    exec(f"def method(self, x):\n    return x + {turn % 7}", exec_space)
    Plain.method = exec_space["method"]
    thing = Plain()
    return sum(thing.method(i) for i in range(20))


def reloaded(turn: int) -> int:
    module = types.ModuleType("template")
    exec(compile(TEMPLATE.format(title=f"page {turn % 3}"), "<template>", "exec"), vars(module))
    text = module.render(range(10)) + module.render("ab")
    return len(string.Template("$a-$b").substitute(a=text, b=turn % 2))


def closures(turn: int) -> int:
    functions = [eval("lambda x, k=k: x * k + n", {"n": turn % 5}, {"k": k}) for k in range(4)]
    return sum(function(i) for i in range(10) for function in functions)


KINDS: tuple[Callable[[int], int], ...] = (redefined, patched, reloaded, closures)


def kilobytes() -> int:
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * 4


def code_bytes() -> int:
    return pyston.stats()["code_bytes"]


def main() -> int:
    rounds = int(sys.argv[1])
    failures = 0
    for kind in KINDS:
        memory, code = [], []
        for tenth in range(10):
            for turn in range(rounds // 10):
                kind(turn)
            gc.collect()
            memory.append(kilobytes())
            code.append(code_bytes())
        print(f"{kind.__name__:10} resident {memory} KiB, code {code} bytes, {pyston.stats()['compilations']} compilations")
        before = max(memory[2:4])
        grown = max(memory[5:]) - before
        code_grown = max(code[5:]) - max(code[2:4])
        if grown > before * 0.03 or code_grown > 64 << 10:
            print(f"{kind.__name__}: grew by {grown} KiB, code by {code_grown} bytes")
            failures += 1
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
