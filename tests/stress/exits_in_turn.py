"""Leaves the compiled code of each subject at each of its guards in turn, for code compiled at several thresholds.

Run under ``pyston -X pyston-stress-exit-at=N`` with an N that is never reached. Arguments: the thresholds, in calls.
"""

from __future__ import annotations

import sys

import _pyston
import pyston
from _driver import differs, expected, fresh_subjects

MOST_GUARDS = 20_000


def forced() -> int:
    return pyston.stats()["exits"]["forced"]


def leave_in_turn(threshold: int, wanted: dict[str, str]) -> tuple[int, int]:
    """(exits taken, subjects that gave something else)."""
    taken = failed = 0
    pyston.compile_after_n_calls(threshold)
    for name, function in fresh_subjects().items():
        for _ in range(threshold + 2):
            function()
        before = forced()
        for guard in range(1, MOST_GUARDS):
            _pyston.set_option("stress-exit-at", str(guard))
            found = function()
            if forced() == before:
                break
            before += 1
            taken += 1
            if differs(name, found, wanted[name], f"compiled after {threshold} calls, left at guard {guard}"):
                failed += 1
                break
        _pyston.set_option("stress-exit-at", "0")
    return taken, failed


def main() -> int:
    wanted = expected()
    failures = 0
    for threshold in map(int, sys.argv[1:]):
        taken, failed = leave_in_turn(threshold, wanted)
        print(f"compiled after {threshold} calls: {taken} exits, {failed} differences", flush=True)
        failures += failed + (taken == 0)
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
