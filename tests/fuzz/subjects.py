"""What programs are about beyond plain functions. Each subject writes definitions, and what runs them."""

from __future__ import annotations

from collections.abc import Callable

import asynchronous
import frames
import generators
import lifetimes
import patches
import rare
import shapes
import temporaries
from builder import Builder

ALL: list[Callable[[Builder], None]] = [
    *asynchronous.SUBJECTS,
    *frames.SUBJECTS,
    *generators.SUBJECTS,
    *lifetimes.SUBJECTS,
    *patches.SUBJECTS,
    *rare.SUBJECTS,
    *shapes.SUBJECTS,
    *temporaries.SUBJECTS,
]
