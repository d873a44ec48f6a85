"""Programs under the stock interpreter and under Pyston: starts the fork servers, asks them, and says how answers differ."""

from __future__ import annotations

import difflib
import json
import os
import re
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests" / "behaviour"))
from harness import PYSTON, STOCK, WARM, environment  # noqa: E402

SERVER = Path(__file__).resolve().parent / "server.py"
STOCK_SECONDS = 1.0  # a program that takes longer is not for us
PYSTON_SECONDS = 30.0
ADDRESS = re.compile(rb"0x[0-9a-f]{6,}")
#: The behaviour tests' mode `warm`, by the names of options.
WARM_OPTIONS = {name.removeprefix("PYSTON_").lower().replace("_", "-"): value for name, value in WARM.items()}


@dataclass(frozen=True)
class Answer:
    """What a program put out (stdout and stderr), and its exit code, minus a signal, or "timeout"."""

    text: str
    status: int | str
    coverage: dict[str, Any] | None = None


@dataclass(frozen=True)
class Difference:
    """``kind`` is what has to stay the same while a program is shrunk."""

    kind: str
    text: str


class Server:
    """A process that forks a child for each program; started when first asked, and again when it ended."""

    def __init__(self, interpreter: str, variables: Mapping[str, str] | None = None) -> None:
        self.interpreter = interpreter
        self.variables = dict(variables or {})
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        requests, self.requests = os.pipe()
        self.answers, answers = os.pipe()
        self.process = subprocess.Popen(
            [self.interpreter, str(SERVER), str(requests), str(answers)],
            env=environment(self.variables),
            pass_fds=(requests, answers),
            stdin=subprocess.DEVNULL,
        )
        os.close(requests)
        os.close(answers)
        self.reader = os.fdopen(self.answers, "rb")
        self.writer = os.fdopen(self.requests, "wb")

    def stop(self) -> None:
        if self.process is not None:
            self.writer.close()
            self.reader.close()
            self.process.wait()
            self.process = None

    def run(self, source: str, options: Mapping[str, str] | None = None, seconds: float = PYSTON_SECONDS, coverage: bool = False) -> Answer:
        if self.process is None:
            self.start()
        request = {"source": source, "options": dict(options or {}), "seconds": seconds, "coverage": coverage}
        self.writer.write(json.dumps(request).encode() + b"\n")
        self.writer.flush()
        line = self.reader.readline()
        if not line:
            raise RuntimeError(f"the server of {self.interpreter} ended")
        head = json.loads(line)
        raw = ADDRESS.sub(b"0x...", self.reader.read(head["length"]))
        text, _, covered = raw.decode(errors="backslashreplace").partition("\0")
        return Answer(text, head["status"], json.loads(covered) if covered and coverage else None)


@dataclass
class Interpreters:
    """One stock server, and Pyston's, with the usual and with the checking memory allocator."""

    stock: Server = field(default_factory=lambda: Server(STOCK))
    plain: Server = field(default_factory=lambda: Server(PYSTON))
    checking: Server = field(default_factory=lambda: Server(PYSTON, {"PYTHONMALLOC": "debug"}))

    def stop(self) -> None:
        for server in (self.stock, self.plain, self.checking):
            server.stop()


def compare(stock: Answer, pyston: Answer) -> Difference | None:
    """None if they agree."""
    if stock.status == pyston.status and stock.text == pyston.text:
        return None
    lines = difflib.unified_diff(stock.text.splitlines(), pyston.text.splitlines(), "stock", "pyston", lineterm="", n=1)
    text = "\n".join([*lines][:60])
    if stock.status != pyston.status:
        kind = f"status {pyston.status}"
        text = f"status: stock {stock.status}, pyston {pyston.status}\n{text}"
    else:
        kind = "output"
    return Difference(kind, text)


def usable(stock: Answer) -> bool:
    """Whether the stock interpreter ran the program to its end, in time, and within its memory."""
    return stock.status == 0 and "MemoryError" not in stock.text
