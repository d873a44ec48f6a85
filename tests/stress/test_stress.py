"""The stress drivers, as long as a test may take; ``make stress`` runs them for longer."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "behaviour"))
from harness import PYSTON, environment  # noqa: E402

#: How many times as long as usual.
LENGTH = int(os.environ.get("PYSTON_STRESS_LENGTH", "1"))
AT_ONCE = {"PYSTON_COMPILE_AFTER": "0"}
SOON = {"PYSTON_COMPILE_AFTER": "5", "PYSTON_LOOP_AFTER": "10", "PYSTON_COMPILE_BUDGET": "100"}
THREAD = SOON | {"PYSTON_COMPILE_THREAD": "on"}


def drive(driver: str, *arguments: object, options: dict[str, str]) -> str:
    """What a driver says; it must say that all is well."""
    command = [PYSTON, str(HERE / driver), *map(str, arguments)]
    slowness = float(os.environ.get("PYSTON_TEST_SLOWNESS", "1"))
    p = subprocess.run(
        command, capture_output=True, text=True, env=environment(options), timeout=300 * LENGTH * slowness
    )  # fmt: skip
    assert p.returncode == 0, f"exit status {p.returncode}\n{p.stdout[-6000:]}\n{p.stderr[-6000:]}"
    return p.stdout


def test_an_exit_at_each_guard_in_turn():
    options = {"PYSTON_STRESS_EXIT_AT": "4611686018427387904", "PYSTON_COMPILE_BUDGET": "100"}
    thresholds = [0, 3] if LENGTH == 1 else [0, 1, 2, 3, 5, 8, 12, 20, 50]
    drive("exits_in_turn.py", *thresholds, options=options | {"PYSTON_LOOP_AFTER": "3"})


@pytest.mark.parametrize("options", [AT_ONCE, SOON], ids=["at-once", "soon"])
def test_each_allocation_fails_in_turn(options):
    drive("no_memory.py", options["PYSTON_COMPILE_AFTER"], options=options)


@pytest.mark.parametrize("options", [AT_ONCE, SOON], ids=["at-once", "soon"])
def test_a_collection_at_each_helper(options):
    drive("repeat.py", LENGTH, "nothing", 10, options=options | {"PYSTON_STRESS_GC": "on"})


@pytest.mark.parametrize("options", [AT_ONCE, THREAD], ids=["at-once", "thread"])
def test_compilations_given_up_in_each_phase(options):
    for seed in range(1, 4 * LENGTH):
        drive("repeat.py", 2, "nothing", options=options | {"PYSTON_STRESS_ABORT": str(seed)})


@pytest.mark.parametrize("options", [AT_ONCE, SOON, THREAD], ids=["at-once", "soon", "thread"])
def test_no_memory_for_the_compiler(options):
    for blocks in (499, 5003, 20011):
        drive("repeat.py", 2 * LENGTH, "nothing", options=options | {"PYSTON_STRESS_MEMORY": str(blocks)})


@pytest.mark.parametrize("limit", ["0", "4k", "20k", "100k"])
def test_code_memory_is_full(limit):
    drive("repeat.py", 3 * LENGTH, "nothing", options=SOON | {"PYSTON_MEMORY_LIMIT": limit})


@pytest.mark.parametrize("options", [AT_ONCE, SOON, THREAD], ids=["at-once", "soon", "thread"])
@pytest.mark.parametrize("kind", ["signals", "subinterpreters", "forks", "greenlets"])
def test_something_goes_on_meanwhile(kind, options):
    drive("repeat.py", 8 * LENGTH, kind, options=options)


@pytest.mark.parametrize("options", [SOON, THREAD], ids=["soon", "thread"])
def test_threads_patch_what_runs(options):
    drive("threads.py", 8 * LENGTH, 64, options=options)


@pytest.mark.parametrize(("options", "rounds"), [(AT_ONCE, 400), (SOON, 2000), (THREAD, 2000)], ids=["at-once", "soon", "thread"])
def test_nothing_grows(options, rounds):
    drive("growth.py", rounds * LENGTH, options=options)
