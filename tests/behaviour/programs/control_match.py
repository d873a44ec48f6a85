# Structural pattern matching, every kind of pattern.
from dataclasses import dataclass
from enum import Enum
from _repeat import repeat


class Color(Enum):
    RED = 1
    BLUE = 2


@dataclass
class Point:
    x: int
    y: int


class Keyed:
    __match_args__ = ("a",)

    def __init__(self, a, b):
        self.a, self.b = a, b


def classify(value):
    match value:
        case None | True | False:
            return f"single {value}"
        case 0 | 1:
            return "small"
        case int(n) if n < 0:
            return f"negative {n}"
        case float() as f:
            return f"float {f}"
        case Color.RED:
            return "red"
        case Color():
            return "colour"
        case Point(x=0, y=0):
            return "origin"
        case Point(x, y) if x == y:
            return f"diagonal {x}"
        case Point(x=x):
            return f"point {x}"
        case Keyed(1, b=b):
            return f"keyed {b}"
        case []:
            return "empty"
        case [x]:
            return f"one {x}"
        case [first, *middle, last]:
            return f"{first} {middle} {last}"
        case {"kind": "a", "value": [v, _]}:
            return f"a {v}"
        case {"kind": kind, **rest}:
            return f"kind {kind} {rest}"
        case {}:
            return "mapping"
        case str() | bytes():
            return f"text {value!r}"
        case (-1 | -2.5 | 3 + 4j) as n:
            return f"literal {n}"
        case _:
            return "other"


def body(out):
    for value in [None, True, 0, 1, 2, -5, 1.5, Color.RED, Color.BLUE, Point(0, 0), Point(2, 2), Point(1, 2), Keyed(1, 7),
                  Keyed(2, 7), [], (), [5], (1, 2), [1, 2, 3, 4], {"kind": "a", "value": [1, 2]}, {"kind": "b", "x": 1},
                  {"z": 1}, {}, "text", b"bytes", 3 + 4j, {1, 2}, range(3), Point]:
        out(classify(value))
    match [1, [2, {"k": (3, 4)}]]:
        case [a, [b, {"k": (c, d)}]]:
            out(a, b, c, d)
    try:
        match 5:
            case Keyed(1, 2, 3):
                pass
        match Keyed(1, 2):
            case Keyed(1, 2):
                pass
    except TypeError as e:
        out(e)


repeat(body)
