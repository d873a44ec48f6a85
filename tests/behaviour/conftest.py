"""Starts the programs' runs in the background as soon as the tests are known: pytest itself runs one
test at a time, and a run is a process of its own."""

from __future__ import annotations

import os
import sys
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))
import harness  # noqa: E402

_executor = ThreadPoolExecutor(int(os.environ.get("PYSTON_TEST_JOBS", os.cpu_count() or 2)))
_runs: dict[tuple[Path, str], Future] = {}


def _submit(program: harness.Program, mode: str) -> Future:
    key = program.path, mode
    if key not in _runs:
        if mode == "stock":
            _runs[key] = _executor.submit(harness.run_stock, program)
        else:
            _runs[key] = _executor.submit(harness.run_pyston, program, mode)
    return _runs[key]


def pytest_collection_finish(session: pytest.Session) -> None:
    if session.config.option.collectonly:
        return
    for item in session.items:
        parameters = getattr(getattr(item, "callspec", None), "params", {})
        if "program" in parameters and "mode" in parameters:
            _submit(parameters["program"], "stock")
            _submit(parameters["program"], parameters["mode"])


def pytest_sessionfinish(session: pytest.Session) -> None:
    for future in _runs.values():
        future.cancel()
    _executor.shutdown(wait=False)


@pytest.fixture
def outcomes(program: harness.Program, mode: str) -> tuple[harness.Outcome, harness.Outcome]:
    """The program's run under stock and under Pyston in this mode."""
    return _submit(program, "stock").result(), _submit(program, mode).result()
