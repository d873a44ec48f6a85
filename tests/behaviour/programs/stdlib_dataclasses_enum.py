# Dataclasses, enums, namedtuples, typing, abc: classes made by exec and metaclasses.
import abc
import enum
import typing
from collections import namedtuple
from dataclasses import asdict, dataclass, field, replace
from _repeat import repeat


@dataclass(order=True)
class P:
    x: int
    y: float = 0.5
    tags: list = field(default_factory=list, compare=False)

    def __post_init__(self):
        self.tags.append("post")


@dataclass(frozen=True, slots=True)
class F:
    a: int
    b: str = "b"


class Color(enum.IntFlag):
    R = 1
    G = 2
    B = 4


class State(enum.Enum):
    ON = "on"
    OFF = "off"

    @property
    def flip(self):
        return State.OFF if self is State.ON else State.ON


N = namedtuple("N", "a b c", defaults=[3])


class Shape(abc.ABC):
    @abc.abstractmethod
    def area(self): ...

    @classmethod
    def __subclasshook__(cls, c):
        return any("area" in b.__dict__ for b in c.__mro__) or NotImplemented


class Square(Shape):
    def __init__(self, s):
        self.s = s

    def area(self):
        return self.s**2


class Duck:
    def area(self):
        return 0


T = typing.TypeVar("T")


class Stack(typing.Generic[T]):
    def __init__(self):
        self.items: list[T] = []

    def push(self, x: T):
        self.items.append(x)
        return self


def attempt(f):
    try:
        return f()
    except Exception as e:
        return f"{type(e).__name__}: {e}"


def body(out):
    out(P(1), P(1) < P(2), P(1, 2.0) == P(1, 2.0), asdict(replace(P(3), y=1)), sorted([P(2), P(1)])[0].x)
    f = F(1)
    out(f, hash(f) == hash(F(1)), attempt(lambda: setattr(f, "a", 2)), {f: 1}[F(1)])
    out(Color.R | Color.B, Color(3), Color.R in Color(3), State("on").flip, State["OFF"].value, attempt(lambda: State("x")), list(State), len(Color))
    n = N(1, 2)
    out(n, n.c, n._replace(a=9), n[1:], attempt(lambda: N()), n == (1, 2, 3))
    out(Square(3).area(), attempt(lambda: Shape()), isinstance(Duck(), Shape), isinstance(5, Shape))
    out(Stack[int]().push(1).push(2).items, Stack[int], typing.get_type_hints(Stack.push))


repeat(body, 40)
