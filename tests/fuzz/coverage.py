"""What of the compiler the programs did not use, of what there is.

An operation counts as reached when the builder or a pass made one, a helper when compiled code refers to it, a pass when it changed
something, an exit when it was taken at run time. What cannot be reached, or is not meant to be, is in unreached.txt with the reason.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from pathlib import Path

EXPECTED = Path(__file__).resolve().parent / "unreached.txt"
Covered = Mapping[str, Counter[str]]


def unreached(covered: Covered) -> list[str]:
    """Lines "GROUP NAME"; for exits those that were emitted and never taken."""
    built, lowered = covered.get("built", Counter()), covered.get("lowered", Counter())
    lines = [f"operation {name}" for name in sorted(lowered) if not built[name] and not lowered[name]]
    for group in ("helpers", "passes"):
        lines += [f"{group} {name}" for name, count in sorted(covered.get(group, Counter()).items()) if not count]
    emitted, taken = covered.get("exits emitted", Counter()), covered.get("exits taken", Counter())
    return lines + [f"exit {name}" for name in sorted(emitted) if not taken[name]]


def expected() -> dict[str, str]:
    """What need not be reached -> why."""
    rows = [line.split(": ", 1) for line in EXPECTED.read_text().splitlines() if line and not line.startswith("#")]
    return {name: reason for name, reason in rows}


def report(covered: Covered) -> str:
    """The counts of each group, and what is missing."""
    known = expected()
    missing = unreached(covered)
    lines = []
    for group in ("built", "lowered", "helpers", "passes", "exits taken"):
        counts = covered.get(group, Counter())
        lines.append(f"{group}: {sum(1 for count in counts.values() if count)} of {len(counts)} reached")
    lines.append(f"exits emitted: {len(covered.get('exits emitted', ()))} kinds")
    lines += [f"  not reached: {name}" for name in missing if name not in known]
    lines += [f"  not reached, as expected: {name} ({known[name]})" for name in missing if name in known]
    lines += [f"  reached although unreached.txt says it is not: {name}" for name in known if name not in missing]
    return "\n".join(lines)
