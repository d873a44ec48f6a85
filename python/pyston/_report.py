"""The table of :func:`pyston.report`."""

from __future__ import annotations

import gc
from types import FunctionType

import _pyston


def _compiled() -> list[tuple[str, dict]]:
    seen = {}
    for thing in gc.get_objects():
        if type(thing) is FunctionType:
            code = thing.__code__
            if code not in seen and (row := _pyston.stats(code)):
                seen[code] = (f"{thing.__module__}.{thing.__qualname__}:{code.co_firstlineno}", row)
    return list(seen.values())


def report(limit: int) -> str:
    """See :func:`pyston.report`."""
    rows = sorted(_compiled(), key=lambda row: row[1]["code_bytes"], reverse=True)[:limit]
    lines = [f"{'function':<48} {'versions':>8} {'bytes':>8} {'us':>7} {'entries':>9} {'exits':>8}"]
    for name, row in rows:
        exits = sum(site["count"] for site in row["exits"])
        lines.append(
            f"{name[-48:]:<48} {row['versions']:>8} {row['code_bytes']:>8} "
            f"{row['compile_microseconds']:>7} {row['entries']:>9} {exits:>8}"
            + (f"  ({row['failure']})" if row["failure"] else "")
        )
    return "\n".join(lines)
