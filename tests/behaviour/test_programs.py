"""Every program of programs/ says and does the same under Pyston, in each mode, as under stock."""

from __future__ import annotations

import harness
import pytest

CASES = [(program, mode) for program in harness.all_programs() for mode in program.modes]


@pytest.mark.parametrize(
    ("program", "mode"), CASES, ids=[f"{program.path.stem}-{mode}" for program, mode in CASES]
)
def test_same_as_stock(program, mode, outcomes):
    expected, found = outcomes
    assert expected.stdout, f"{program.path.name} prints nothing, so it tests nothing"
    assert expected.status != "timeout", f"{program.path.name} is too slow under stock"
    difference = harness.compare(expected, found, program.ignore_stderr)
    assert not difference, f"\n{program.path.name} ({mode})\n{difference}"
