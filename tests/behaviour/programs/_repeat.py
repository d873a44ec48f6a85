"""Runs a program's body often enough to be compiled, and shows every turn whose output changed."""


def repeat(body, turns=60):
    """Call ``body(out)``, where ``out`` takes what print() takes, ``turns`` times.

    What the first turn put out is printed; a later turn is printed too if it differs from the one
    before it. So a result that changes as code becomes compiled cannot hide.
    """
    before = None
    for turn in range(turns):
        lines = []
        body(lambda *parts: lines.append(" ".join(map(str, parts))))
        if lines != before:
            print(f"-- turn {turn}")
            print("\n".join(lines))
            before = lines
    print(f"-- {turns} turns")
