# Entering compiled code overwrites what stands first in a function. Prologues with prefixes, and
# activations that stand there when the function becomes compiled.
import sys

CALLERS = """
def call(function, x):
    return function(x)
def cold(function, x):
    return call(function, x)
"""


def results_of(function):
    """It is compiled; then callers that are not call it: 10 times are enough in the warm mode, 100 in the default one."""
    results = [function(x) for x in range(5000)]
    for rounds in (10, 100):
        space = {}
        exec(CALLERS, space)
        results += [space["cold"](function, x) for x in range(rounds)]
    return results


# --- cells and free variables whose numbers need a prefix. (Whoever takes a float's value for a cell's content crashes.)
MANY = 300
parameters = ", ".join(f"p{i}={i}.5" for i in range(MANY))
space = {}
exec(
    f"""
def many_parameters({parameters}):
    def inner():
        nonlocal p280, p299
        p280 += 1
        p299 += p280
        return p299
    return inner() + inner() - p0 + p24
""",
    space,
)
results = results_of(space["many_parameters"])
print(results[0], len(results), results[-3:])

names = [f"v{i}" for i in range(MANY)]
exec(
    f"def make():\n    {' = '.join(names)} = 0\n"
    f"    def many_free(x):\n        return {' + '.join(names)} - x\n"
    "    return many_free",
    space,
)
many_free = space["make"]()
before = [sys.getrefcount(cell) for cell in many_free.__closure__]
print(results_of(many_free)[-3:], [sys.getrefcount(cell) for cell in many_free.__closure__] == before)


# --- tracing ends in an event of one of the first instructions; what was put off while it lasted is made up for
def negative(x):
    return (
        -
        x)


def tracer(frame, event, argument):
    global lines
    if frame.f_code is negative.__code__ and event == "line":
        lines -= 1
        if lines == 0:
            sys.settrace(None)
            for _ in range(2000):  # it takes some calls until its end is noticed
                exec("pass")
    return tracer


def traced(x):
    sys.settrace(tracer)
    result = negative(x)
    sys.settrace(None)
    return result


print(results_of(negative)[-3:])
for lines in (1, 2, 3):
    print(traced(5))
