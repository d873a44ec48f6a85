"""What the stress drivers share."""

from __future__ import annotations

import ast
import sys
import types
from collections.abc import Callable
from pathlib import Path

SUBJECTS = Path(__file__).resolve().with_name("subjects.py")


class CallsAtStart(ast.NodeTransformer):
    """Each function begins with a call of the global ``name``."""

    def __init__(self, name: str) -> None:
        self.name = name

    def begin(self, node: ast.FunctionDef | ast.AsyncFunctionDef) -> ast.AST:
        self.generic_visit(node)
        call = ast.Expr(ast.Call(ast.Name(self.name, ast.Load()), [], []))
        node.body.insert(0, ast.fix_missing_locations(ast.copy_location(call, node.body[0])))
        return node

    visit_FunctionDef = visit_AsyncFunctionDef = begin


def fresh_subjects(at_calls: Callable[[], object] | None = None) -> dict[str, Callable[[], object]]:
    """The subjects as a module of their own: nothing of their code has run before.

    ``at_calls`` is called first in each function.
    """
    tree = ast.parse(SUBJECTS.read_text())
    module = types.ModuleType("subjects")
    if at_calls is not None:
        tree = CallsAtStart("__at_calls__").visit(tree)
    vars(module)["__at_calls__"] = at_calls
    sys.modules["subjects"] = module
    exec(compile(tree, str(SUBJECTS), "exec"), vars(module))
    return module.SUBJECTS


def expected() -> dict[str, str]:
    """What each subject gives in the interpreter."""
    import pyston

    with pyston.pause():
        return {name: repr(function()) for name, function in fresh_subjects().items()}


def differs(name: str, found: object, wanted: str, where: str) -> bool:
    """Whether they do; then a line says so."""
    if repr(found) == wanted:
        return False
    print(f"{name}, {where}:\n  expected {wanted}\n  found    {found!r}")
    return True
