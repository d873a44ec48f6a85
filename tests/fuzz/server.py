"""A fork server: a process that runs each program it is sent in a child of its own.

It is run by the interpreter under test, stock or Pyston, with the protocol on the descriptor numbers that it is given.
A request is a line of JSON: source, options (of Pyston, set in the child), seconds, and whether to report what of the compiler
was used. The answer is a line of JSON, then as many bytes of output as it says.
"""

from __future__ import annotations

import gc
import json
import os
import resource
import select
import signal
import sys
from pathlib import Path
from types import ModuleType
from typing import Any, BinaryIO

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "behaviour" / "programs"))

# Loaded once for all children.
import abc
import asyncio
import contextlib
import functools
import inspect
import itertools
import math
import operator
import types
import warnings
import weakref

import _fuzz

PRELOADED = (abc, asyncio, contextlib, functools, inspect, itertools, math, operator, types, weakref)
MOST_MEMORY = 1500 << 20  # bytes of address space
MOST_OUTPUT = 4 << 20  # bytes
NAME = "<program>"

try:
    import _pyston
except ImportError:
    _pyston = None


def run_program(source: str) -> None:
    """As ``__main__``, up to the end of what an interpreter does at its end."""
    module = ModuleType("__main__")
    sys.modules["__main__"] = module
    kept = {*vars(module)}
    try:
        exec(compile(source, NAME, "exec"), vars(module))
    except BaseException as error:
        _fuzz.log("uncaught", _fuzz.describe(error))
    _fuzz.settle(vars(module), kept)


def run_child(request: dict[str, Any], output: int) -> None:
    os.dup2(output, 1)
    os.dup2(output, 2)
    resource.setrlimit(resource.RLIMIT_AS, (MOST_MEMORY, MOST_MEMORY))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    sys.stdout.reconfigure(line_buffering=True)
    gc.disable()
    warnings.simplefilter("ignore")
    if _pyston is not None:
        for name, value in request["options"].items():
            _pyston.set_option(name, value)
        _pyston.enable()
    run_program(request["source"])
    sys.stdout.flush()
    if request.get("coverage"):
        print("\0" + json.dumps(_pyston.stats()["coverage"]))
        sys.stdout.flush()


def wait_for(child: int, seconds: float) -> int | str:
    """Exit code, minus a signal, or "timeout"."""
    descriptor = os.pidfd_open(child)
    try:
        poll = select.poll()
        poll.register(descriptor, select.POLLIN)
        in_time = poll.poll(seconds * 1000)
        if not in_time:
            os.kill(child, signal.SIGKILL)
        status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        return status if in_time else "timeout"
    finally:
        os.close(descriptor)


def serve(requests: BinaryIO, answers: BinaryIO) -> None:
    for line in requests:
        request = json.loads(line)
        output = os.memfd_create("output")
        child = os.fork()
        if child == 0:
            status = 70
            try:
                run_child(request, output)
                status = 0
            finally:
                os._exit(status)
        status = wait_for(child, request["seconds"])
        text = os.pread(output, MOST_OUTPUT, 0)
        os.close(output)
        answers.write(json.dumps({"status": status, "length": len(text)}).encode() + b"\n" + text)
        answers.flush()


def main() -> None:
    globals()["__name__"] = _fuzz.PROGRAM_RUNNER  # frames that are not to be shown
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    if _pyston is not None:
        _pyston.disable()
        for value in vars(_fuzz).values():
            for function in (value, *vars(value).values()) if isinstance(value, type) else (value,):
                if isinstance(function, types.FunctionType):
                    _pyston.suppress(function)
        for function in (run_program, run_child):
            _pyston.suppress(function)
    gc.collect()
    gc.freeze()
    with open(int(sys.argv[1]), "rb") as requests, open(int(sys.argv[2]), "wb") as answers:
        serve(requests, answers)


if __name__ == "__main__":
    main()
