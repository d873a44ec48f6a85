# Containers and instances that die in a loop whose locals are unboxed numbers: with plain contents, with
# contents that others hold, and with something at the end of their life that looks at the frame.
import sys
import weakref
from decimal import Decimal

events = []


class Looker:
    def __init__(self, name):
        self.name = name

    def __del__(self):
        frame = sys._getframe(1)
        seen = {k: v for k, v in frame.f_locals.items() if isinstance(v, (int, float)) and k != "n"}
        events.append((self.name, frame.f_code.co_name, sorted(seen.items())))


class Plain:
    def __init__(self, a, b):
        self.a, self.b = a, b


class Slotted:
    __slots__ = ("a", "__weakref__")

    def __init__(self, a):
        self.a = a


class Child(Plain):
    pass


class Late(Plain):
    pass


def loop(n, make):
    total = 0
    half = 0.5
    for i in range(n):
        thing = make(i)
        total += i
        half = half + 0.25
        thing = None
        square = i * i
    return total, half, square


def twice_the_same(i):
    item = Looker(f"twice {i}") if i % 1000 == 7 else i
    return (item, item)


def in_two_of_them(i):
    item = Looker(f"two {i}") if i % 1000 == 7 else (i,)
    return [item, (item, [1])]


def one_dies_with_the_other(i):
    """What the first holds is held by the second, too, and no longer when that dies."""
    item = Looker(f"with {i}") if i % 1000 == 7 else [i]
    inner = (item, 1)
    return {"a": item, "b": {"c": inner, "d": [inner, item]}}


def set_seen_weakly(i):
    thing = {i}
    if i % 1000 == 3:
        seen.append(weakref.ref(thing, lambda ref: events.append(sys._getframe(1).f_locals.get("i"))))
    return thing


def looker_in_cell(i):
    item = Looker(f"cell {i}") if i % 1000 == 5 else i
    return (lambda: item).__closure__[0]


seen = []
makers = {
    "tuple": lambda i: (i, float(i), str(i)),
    "list": lambda i: [i, None, (i,)],
    "decimal": lambda i: Decimal(i),
    "plain": lambda i: Plain(i, 2.5),
    "child": lambda i: Child(i, "x"),
    "slotted": lambda i: Slotted(i),
    "looker in tuple": lambda i: (1, Looker(f"t{i}")) if i % 1000 == 5 else (1, 2),
    "looker in list": lambda i: [Looker(f"l{i}"), 2] if i % 1000 == 5 else [1, 2],
    "looker in instance": lambda i: Plain(1, Looker(f"p{i}")) if i % 1000 == 5 else Plain(1, 2),
    "looker in slot": lambda i: Slotted(Looker(f"s{i}")) if i % 1000 == 5 else Slotted(1),
    "looker in slice": lambda i: slice(1, Looker(f"c{i}"), 2) if i % 1000 == 5 else slice(1, 2, i),
    "looker as self": lambda i: Looker(f"m{i}").__init__ if i % 1000 == 5 else Plain(1, 2).__init__,
    "twice": twice_the_same,
    "in two of them": in_two_of_them,
    "one dies with the other": one_dies_with_the_other,
    "dict": lambda i: {"a": i, i: 2.5},
    "looker in dict": lambda i: {"a": Looker(f"d{i}")} if i % 1000 == 5 else {"a": i},
    "looker as key": lambda i: {Looker(f"k{i}"): 1, 2: 3} if i % 1000 == 5 else {1: 1, 2: 3},
    "set": lambda i: {i, i + 1, str(i)} - {i + 1},
    "frozenset": lambda i: frozenset((i, (i, "x"))),
    "looker in set": lambda i: {Looker(f"e{i}"), 2} if i % 1000 == 5 else {1, 2},
    "set seen weakly": set_seen_weakly,
    "cell": lambda i: (lambda: i).__closure__[0],
    "looker in cell": looker_in_cell,
    "looker's builtin": lambda i: [Looker(f"b{i}")].append if i % 1000 == 5 else [i].append,
    "view": lambda i: {1: Looker(f"v{i}")}.values() if i % 1000 == 5 else {1: i}.values(),
    "many": lambda i: [(k,) for k in range(40)] if i % 9 else [(k, [k]) for k in range(20)],
    "nested": lambda i: ((Looker(f"n{i}"),),) if i % 1000 == 5 else ((1,),),
}
for name, make in makers.items():
    print(name, loop(4000, make), events)
    events.clear()


def weakly_seen(i):
    thing = Plain(i, i)
    if i % 1000 == 3:
        seen.append(weakref.ref(thing, lambda ref: events.append(sys._getframe(1).f_locals.get("square"))))
    return thing


seen = []
print(loop(4000, weakly_seen), events, [ref() for ref in seen])
events.clear()


# A finalizer that the class gets later.
def late(i):
    if i == 3000:
        Late.__del__ = lambda self: events.append((self.a, sys._getframe(1).f_locals["total"])) if self.a > 3996 else None
    return Late(i, i)


print(loop(4000, late), events)
