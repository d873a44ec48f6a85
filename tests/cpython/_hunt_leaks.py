"""``python -m test -R WARM-UP:TRACKED FILE`` in a release build, which counts no references: memory blocks instead.

Two things keep regrtest's own count of blocks from saying whether a test loses some. It takes off the code objects that
were specialized (a remnant: it costs no memory in 3.11), so that a leak is hidden while code becomes warm. And under
Pyston the memory of dead functions and generators is kept for new ones: those blocks are in nobody's hands.
"""

from __future__ import annotations

import runpy
import sys
from collections.abc import Callable
from types import SimpleNamespace

from test.libregrtest import refleak

try:
    from _pyston import stats
except ImportError:
    stats = None


def blocks(allocated: Callable[[], int] = sys.getallocatedblocks) -> int:
    """Memory blocks that something lives in."""
    count = allocated()
    return count - stats()["free_objects"] if stats else count


# Tests must not see this: they would take the interpreter for a debug build.
counting = SimpleNamespace(**vars(sys))
counting.gettotalrefcount = counting.getallocatedblocks = blocks
counting._getquickenedcount = lambda: 0
refleak.sys = counting

sys.path[0] = ""
sys.argv = ["test", "-R", *sys.argv[1:]]
runpy.run_module("test", run_name="__main__")
