"""Pyston: a just-in-time compiler inside the CPython that you already run.

Code is compiled as it becomes hot; nothing else about the interpreter changes. ``bin/pyston`` and an
environment with Pyston installed turn it on by themselves; elsewhere call :func:`enable`.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import CodeType, FunctionType, MethodType
from typing import Any, TypeVar

import _pyston

__all__ = [
    "compile_after_n_calls",
    "disable",
    "dump",
    "enable",
    "force_compile",
    "is_compiled",
    "is_enabled",
    "pause",
    "report",
    "set_option",
    "stats",
    "suppress",
    "version",
    "version_info",
]

Compilable = FunctionType | MethodType | CodeType
_F = TypeVar("_F", bound=Callable[..., Any])

#: The version as text, e.g. ``"0.1.0"``.
version: str = _pyston.version
#: The version as a tuple with names, also ``sys.pyston_version_info``.
version_info = sys.pyston_version_info  # type: ignore[attr-defined]


def enable() -> bool:
    """Compile hot code from now on.

    Returns whether the compiler is on: False where this interpreter is not one that Pyston knows, in
    a subinterpreter, and where ``DISABLE_PYSTON=1`` is set.
    """
    return _pyston.enable()


def disable() -> None:
    """Run everything in the interpreter from now on. What was compiled is kept for :func:`enable`."""
    _pyston.disable()


def is_enabled() -> bool:
    """Whether hot code is being compiled."""
    return _pyston.is_enabled()


@contextmanager
def pause() -> Iterator[None]:
    """A context in which nothing is compiled and nothing compiled is entered; it nests."""
    _pyston.pause()
    try:
        yield
    finally:
        _pyston.resume()


def force_compile(function: Compilable) -> bool:
    """Compile ``function`` (or a code object) now, hot or not.

    Returns whether there is machine code for it. Raises TypeError for what is not Python code.
    """
    return _pyston.force_compile(function)


def is_compiled(function: Compilable) -> bool:
    """Whether there is machine code for ``function`` at this moment."""
    return _pyston.is_compiled(function)


def suppress(function: _F) -> _F:
    """Decorator: never compile this function (its calls run in the interpreter)."""
    _pyston.suppress(function)
    return function


def compile_after_n_calls(calls: int) -> int:
    """Set how many calls of a function are interpreted before it is compiled; 0: none.

    Returns the number until now. Raises ValueError for a negative one.
    """
    return _pyston.compile_after_n_calls(calls)


def set_option(name: str, value: object = "") -> None:
    """Set an option of ``-X pyston-help`` by its name without ``pyston-``; ValueError if it is wrong."""
    _pyston.set_option(name, str(value))


def stats(function: Compilable | None = None) -> dict[str, Any] | None:
    """Counters of the whole process, or of one function (None if it was never compiled).

    Times are in microseconds, sizes in bytes. ``exits`` says where compiled code was left and why.
    With the option ``coverage``, a key of that name says what of the compiler was used.
    """
    return _pyston.stats(function)


def dump(function: Compilable, stage: str = "hir") -> str:
    """The text of one stage of ``function``'s compilation, with what is known about it now.

    ``stage`` is ``"hir"`` (after the passes), ``"lir"`` or ``"asm"``. Raises ValueError for another
    one, RuntimeError if the function cannot be compiled.
    """
    stages = ("hir", "lir", "asm")
    if stage not in stages:
        raise ValueError(f"stage must be one of {', '.join(stages)}, not {stage!r}")
    *texts, failure = _pyston.dump(function)
    if failure:
        raise RuntimeError(f"not compiled: {failure}")
    return texts[stages.index(stage)]


def report(limit: int = 20) -> str:
    """A table of the ``limit`` largest compiled functions that are alive, as text."""
    from pyston._report import report as make

    return make(limit)
