"""Lets the n-th allocation of each subject fail, for every n until the subject gets through.

A subject then gives its usual value or MemoryError (or what became of that in its own handlers, which is not
compared); it must not crash, and must not lose memory. Argument: the threshold, in calls.
"""

from __future__ import annotations

import gc
import sys
import warnings

import _testcapi
import pyston
from _driver import fresh_subjects

MOST_ALLOCATIONS = 5_000
#: A subject that gave its usual value so many times in a row has no allocation left to fail: some failures, in
#: finalizers and caches, are not seen in the value.
GOT_THROUGH = 30
#: Allocated blocks that a subject may leave behind over all its runs: caches and free lists that fill up.
SLACK = 400

#: Under stock, too: the parser and the bytecode compiler do not get over it.
CRASHES = {"executed_code"}


def fail_in_turn(function, wanted: str) -> int:
    """How many allocations failed before the function got through."""
    passed = 0
    for count in range(MOST_ALLOCATIONS):
        value = None
        _testcapi.set_nomemory(count, count + 1)
        try:
            value = function()
        except Exception:  # MemoryError, or what became of it
            pass
        finally:
            _testcapi.remove_mem_hooks()
        passed = passed + 1 if repr(value) == wanted else 0
        if passed == GOT_THROUGH:
            return count - GOT_THROUGH
    return MOST_ALLOCATIONS


def main() -> int:
    threshold = int(sys.argv[1])
    pyston.compile_after_n_calls(threshold)
    sys.unraisablehook = lambda unraisable: None
    failures = total = 0
    warnings.simplefilter("ignore")  # printing one reads source files
    for name, function in fresh_subjects().items():
        if name in CRASHES:
            continue
        wanted = repr(function())
        for _ in range(threshold + 2):
            function()
        fail_in_turn(function, wanted)
        gc.collect()
        before = sys.getallocatedblocks()
        tried = fail_in_turn(function, wanted)
        total += tried
        gc.collect()
        lost = sys.getallocatedblocks() - before
        if lost > SLACK:
            print(f"{name}: {lost} blocks lost over {tried} failures")
            failures += 1
        if repr(function()) != wanted:
            print(f"{name}: gives {function()!r} afterwards, not {wanted}")
            failures += 1
    print(f"compiled after {threshold} calls: {total} allocations failed, {failures} differences")
    return 1 if failures or total == 0 else 0


if __name__ == "__main__":
    sys.exit(main())
