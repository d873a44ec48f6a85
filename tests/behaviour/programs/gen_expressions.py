# Comprehensions and generator expressions: scopes, laziness, nesting, conditions, closures over the loop variable.
from _repeat import repeat


class Scope:
    items = [1, 2, 3]
    doubled = [x * 2 for x in items]
    try:
        nested = [[y for y in items] for x in items]
    except NameError as e:
        nested = str(e)


def lazy():
    log = []
    def note(x):
        log.append(x)
        return x
    g = (note(x) for x in map(note, range(3)))
    log.append("made")
    next(g)
    return log


def body(out):
    out([x * y for x in range(4) if x for y in range(x) if y % 2 == 0])
    out({x % 3 for x in range(10)}, {x: x**2 for x in range(4)}, {k: v for v, k in enumerate("abc")})
    out([[i * j for j in range(3)] for i in range(3)], Scope.doubled, Scope.nested)
    out([f() for f in [lambda: i for i in range(3)]], [f() for f in [lambda i=i: i for i in range(3)]])
    out(lazy(), sum(x for x in range(100) if x % 7 == 3), any(x > 5 for x in range(10)), all(x for x in [1, 0, 1]))
    x = "outer"
    [x for x in range(3)]
    out(x, [y := z for z in range(3)], y)
    try:
        [1 // z for z in (1, 0)]
    except ZeroDivisionError as e:
        out(e)
    g = (a for a in [1, 2])
    out(list(g), list(g), [*(c for c in "xy")], dict((k, k * 2) for k in "ab"))
    n = 3
    out([n + m for m in range(n)], (lambda: [n * k for k in range(2)])())
    try:
        (z for z in 5)
    except TypeError as e:
        out(e)


repeat(body)
