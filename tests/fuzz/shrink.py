"""Makes a program small that does something of interest: statement by statement, branch by branch, expression by expression.

Delta debugging over the syntax tree: each step is tried, and kept where the program still does it.
"""

from __future__ import annotations

import ast
import time
import warnings
from collections.abc import Callable, Iterator

MOST_SECONDS = 120.0
Interesting = Callable[[str], bool]


def shrink(source: str, interesting: Interesting, seconds: float = MOST_SECONDS) -> str:
    """The smallest program found in that time; ``source`` itself if nothing smaller is interesting."""
    end = time.monotonic() + seconds
    best = ast.unparse(ast.parse(source)) + "\n"
    if not interesting(best):
        return source
    changed = True
    while changed and time.monotonic() < end:
        changed = False
        for reduce in (remove_statements, unwrap_statements, simplify_expressions):
            smaller = reduce(best, interesting, end)
            changed |= smaller != best
            best = smaller
    return best


def attempt(tree: ast.Module, interesting: Interesting) -> str | None:
    """The text of the tree if it is a program, and interesting."""
    try:
        text = ast.unparse(ast.fix_missing_locations(tree)) + "\n"
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            compile(text, "candidate", "exec")
    except (SyntaxError, ValueError, RecursionError):
        return None
    return text if interesting(text) else None


def bodies(tree: ast.Module) -> list[list[ast.stmt]]:
    """All lists of statements, the outer ones first."""
    found = []
    for node in ast.walk(tree):
        for name in ("body", "orelse", "finalbody", "handlers", "cases"):
            value = getattr(node, name, None)
            if isinstance(value, list) and value:
                found.append(value)
    return found


def fill(tree: ast.Module) -> ast.Module:
    """Puts `pass` where a body has become empty."""
    for node in ast.walk(tree):
        body = getattr(node, "body", None)
        if isinstance(body, list) and not body and not isinstance(node, ast.Module):
            body.append(ast.Pass())
    return tree


def remove_statements(source: str, interesting: Interesting, end: float) -> str:
    """Without runs of statements: halves, quarters, at last single ones, of each body in turn."""
    which = 0
    while True:
        count = len(bodies(ast.parse(source)))
        if which >= count or time.monotonic() > end:
            return source
        length = len(bodies(ast.parse(source))[which])
        size = length
        while size >= 1 and time.monotonic() < end:
            start = 0
            while start < length:
                tree = ast.parse(source)
                body = bodies(tree)[which]
                if all(isinstance(statement, ast.Pass) for statement in body[start : start + size]):
                    start += size
                    continue
                del body[start : start + size]
                if (text := attempt(fill(tree), interesting)) is not None:
                    source = text
                    found = bodies(ast.parse(source))
                    if which >= len(found):
                        return source
                    length = len(found[which])
                else:
                    start += size
            size //= 2
        which += 1


def unwrapped(statement: ast.stmt) -> Iterator[list[ast.stmt]]:
    """What a compound statement may be replaced by."""
    if isinstance(statement, ast.If | ast.For | ast.While | ast.With | ast.Try | ast.TryStar):
        yield statement.body
        if orelse := getattr(statement, "orelse", None):
            yield orelse
        if final := getattr(statement, "finalbody", None):
            yield final
    if isinstance(statement, ast.Match):
        for case in statement.cases:
            yield case.body


def unwrap_statements(source: str, interesting: Interesting, end: float) -> str:
    """Bodies in the place of their statements, and statements without `else` and `finally`."""
    which = 0
    while time.monotonic() < end:
        tree = ast.parse(source)
        places = [(body, i) for body in bodies(tree) for i in range(len(body)) if isinstance(body[i], ast.stmt)]
        if which >= len(places):
            break
        body, index = places[which]
        count = len([*unwrapped(body[index])])
        for choice in range(count):
            tree = ast.parse(source)
            places = [(body, i) for body in bodies(tree) for i in range(len(body)) if isinstance(body[i], ast.stmt)]
            body, index = places[which]
            body[index : index + 1] = [*unwrapped(body[index])][choice]
            if (text := attempt(tree, interesting)) is not None:
                source = text
                break
        else:
            which += 1
    return source


def simpler(node: ast.expr) -> Iterator[ast.expr]:
    """Expressions to try in the place of one: its parts, then constants."""
    if isinstance(node, ast.Constant):
        if isinstance(node.value, int) and not isinstance(node.value, bool) and abs(node.value) > 1:
            yield ast.Constant(1)
            yield ast.Constant(node.value // 2)
        return
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.expr) and not isinstance(child, ast.Starred):
            yield child
    if not isinstance(node, ast.Name):
        yield ast.Constant(1)
        yield ast.Constant(None)
    elif isinstance(node.ctx, ast.Load):
        yield ast.Constant(1)


class Replace(ast.NodeTransformer):
    """Replaces the n-th expression that is loaded."""

    def __init__(self, which: int, choice: int) -> None:
        self.which, self.choice, self.seen, self.done = which, choice, -1, False
        self.choices = 0

    def visit(self, node: ast.AST) -> ast.AST:
        if isinstance(node, ast.expr) and isinstance(getattr(node, "ctx", ast.Load()), ast.Load):
            self.seen += 1
            if self.seen == self.which:
                options = [*simpler(node)]
                self.choices = len(options)
                if self.choice < len(options):
                    self.done = True
                    return options[self.choice]
                return node
        return self.generic_visit(node)


def simplify_expressions(source: str, interesting: Interesting, end: float) -> str:
    """Smaller expressions; fewer elements, arguments and parameters."""
    source = shorten_lists(source, interesting, end)
    which = choice = 0
    while time.monotonic() < end:
        replace = Replace(which, choice)
        tree = replace.visit(ast.parse(source))
        if replace.seen < which:
            break
        if not replace.done:
            which, choice = which + 1, 0
            continue
        text = attempt(tree, interesting)
        if text is not None and len(text) < len(source):
            source = text
            choice = 0
        else:
            choice += 1
    return source


def lists(tree: ast.Module) -> list[list[ast.AST]]:
    names = ("elts", "args", "keywords", "decorator_list", "bases", "names", "items", "values", "generators", "targets")
    return [value for node in ast.walk(tree) for name in names if isinstance(value := getattr(node, name, None), list) and value]


def shorten_lists(source: str, interesting: Interesting, end: float) -> str:
    which = index = 0
    while time.monotonic() < end:
        tree = ast.parse(source)
        found = lists(tree)
        if which >= len(found):
            break
        if index >= len(found[which]):
            which, index = which + 1, 0
            continue
        del found[which][index]
        text = attempt(tree, interesting)
        if text is not None:
            source = text
        else:
            index += 1
    return source
