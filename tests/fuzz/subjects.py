"""What programs are about beyond plain functions. Each subject writes definitions, and what runs them."""

from __future__ import annotations

from collections.abc import Callable

from builder import Builder

ALL: list[Callable[[Builder], None]] = [lambda b: None, lambda b: None]
