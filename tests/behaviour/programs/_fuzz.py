"""What the programs of the fuzzer (tests/fuzz) print with: values, exceptions and deaths without addresses."""

from __future__ import annotations

import gc
import sys
from collections.abc import Callable
from itertools import islice
from types import FrameType
from typing import Any

PLAIN = (int, float, complex, str, bytes, bytearray, bool, type(None), range, slice)
PROGRAM_RUNNER = "__server__"
MOST_ITEMS = 30
DEEPEST = 4


def log(*parts: object) -> None:
    print(*(part if type(part) is str else show(part) for part in parts))


def show(value: object, depth: int = 0) -> str:
    """``value`` as text: by repr() where that has no address in it and runs no code of the program."""
    kind = type(value)
    if kind is int and abs(value) >> 4000:
        return f"<int of {value.bit_length()} bits>"
    if kind in PLAIN:
        text = repr(value)
        return text if len(text) < 300 else f"{text[:200]}...{len(text)}"
    if depth == DEEPEST:
        return f"<{kind.__name__} ...>"
    if kind in (list, tuple):
        body = ", ".join(show(item, depth + 1) for item in value[:MOST_ITEMS])
        more = f", ...{len(value)}" if len(value) > MOST_ITEMS else ""
        return f"[{body}{more}]" if kind is list else f"({body}{more})"
    if kind in (set, frozenset):
        return f"{kind.__name__}({', '.join(sorted(show(item, depth + 1) for item in value))})"
    if kind is dict:
        pairs = [f"{show(key, depth + 1)}: {show(item, depth + 1)}" for key, item in list(value.items())[:MOST_ITEMS]]
        return f"{{{', '.join(pairs)}}}"
    if isinstance(value, BaseException):
        return describe(value, depth + 1)
    if isinstance(value, type):
        return f"class {value.__name__}"
    if Base in kind.__mro__:
        return show_instance(value, depth)
    return f"<{kind.__name__}>"


def show_instance(value: object, depth: int) -> str:
    """The class and the attributes, read without the class's own methods."""
    found: dict[str, object] = {}
    for owner in type(value).__mro__:
        slots = owner.__dict__.get("__slots__", ())
        for name in slots:
            try:
                found[name] = owner.__dict__[name].__get__(value)
            except (AttributeError, KeyError):
                pass
    try:
        found.update(object.__getattribute__(value, "__dict__"))
    except AttributeError:
        pass
    body = "".join(f" {name}={show(item, depth + 1)}" for name, item in found.items())
    return f"<{type(value).__name__}{body}>"


def describe(error: BaseException, depth: int = 0) -> str:
    """Class, arguments, where it was raised, and what it came from."""
    text = f"{type(error).__name__}{show(error.args, depth)}" if depth < DEEPEST else type(error).__name__
    entry, places = error.__traceback__, []
    # Where the interpreter executes two instructions as one, it says the line of either.
    says_where = not isinstance(error, UnboundLocalError)
    while entry is not None:
        code = entry.tb_frame.f_code
        if code.co_filename != __file__:
            # (The interpreter says in several ways at which unit of an instruction it is.)
            column = next(islice(code.co_positions(), entry.tb_lasti // 2, None), (None,) * 4)[2]
            places.append(f"{code.co_name}:{entry.tb_lineno}/{column}" if says_where else code.co_name)
        entry = entry.tb_next
    text += f" at {' '.join(places)}"
    if isinstance(error, BaseExceptionGroup) and depth < DEEPEST:
        text += f" of [{'; '.join(describe(inner, depth + 1) for inner in error.exceptions)}]"
    if depth < DEEPEST:
        if error.__cause__ is not None:
            text += f" from ({describe(error.__cause__, depth + 1)})"
        elif error.__context__ is not None:
            text += f" in ({describe(error.__context__, depth + 1)})"
    return text


def attempt(label: str, function: Callable[..., Any], *args: object, **keywords: object) -> None:
    """Call, and print what came of it."""
    try:
        result = function(*args, **keywords)
    except BaseException as error:
        log(label, "raised", describe(error))
    else:
        log(label, "=", result)


def frames(depth: int = 3) -> list[str]:
    """The callers: name, line, and what their locals are."""
    frame: FrameType | None = sys._getframe(1)
    shown = []
    while frame is not None and len(shown) < depth:
        if frame.f_code.co_filename != __file__ and frame.f_globals["__name__"] != PROGRAM_RUNNER:
            local = {} if frame.f_locals is frame.f_globals else frame.f_locals
            shown.append(f"{frame.f_code.co_name}:{frame.f_lineno} {show_locals(local)}")
        frame = frame.f_back
    return shown


def show_locals(local: dict[str, object]) -> str:
    return " ".join(f"{name}={show(local[name], 2)}" for name in sorted(local) if not name.startswith("__"))


class Base:
    """Of all classes of programs."""

    __slots__ = ()

    def __repr__(self) -> str:  # programs sort by it: no address
        return f"<{type(self).__name__}>"


class Mortal(Base):
    """Says when it dies."""

    def __init__(self, tag: object = "?") -> None:
        self.tag = tag

    def __del__(self) -> None:
        print("died", show(self.tag))


class Witness(Mortal):
    """Says in which frames, too."""

    def __del__(self) -> None:
        print("died", show(self.tag), "in", *frames(2), sep=" | ")


class Manager(Base):
    """A context manager; ``swallows`` says of which exceptions."""

    def __init__(self, tag: object, swallows: object = ()) -> None:
        self.tag, self.swallows = tag, swallows

    def __enter__(self) -> object:
        return self.tag

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, where: object) -> bool:
        print("exit", show(self.tag), kind and kind.__name__)
        return kind is not None and isinstance(error, self.swallows)


def settle(namespace: dict[str, object], kept: set[str]) -> None:
    """Delete what a program made, in order, as an interpreter that ends would; collect what is left in cycles."""
    sys.settrace(None)
    sys.setprofile(None)
    for name in [*namespace]:
        if name not in kept and not name.startswith("__"):
            namespace.pop(name, None)
    print("-- names gone")
    gc.collect()
    print("-- collected")
