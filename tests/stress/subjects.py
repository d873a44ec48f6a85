"""What the stress drivers run: small functions over the whole language, each with a result that can be compared.

A subject takes no arguments, gives the same value each time, leaves nothing behind, and makes no reference cycles
(so that a collection more or less is not seen). ``SUBJECTS`` lists them by name.
"""

from __future__ import annotations

import contextlib
import functools
import operator
import sys
import weakref
from collections.abc import Callable

SUBJECTS: dict[str, Callable[[], object]] = {}


def subject(function: Callable[[], object]) -> Callable[[], object]:
    SUBJECTS[function.__name__] = function
    return function


@subject
def integers():
    total, product = 0, 1
    for i in range(-3, 12):
        total += i * i - (i << 2) + (i ^ 5) % 7 + i // 3
        product = product * (i or 1) & 0xFFFF_FFFF_FFFF
    return total, product, 2**62 + total, -(2**63) - product, divmod(total, -7), ~total


@subject
def floats():
    x, y, trace = 0.1, -0.0, []
    for i in range(1, 9):
        x = x * i - y / i
        y = -y + x % 1.5
        trace.append(round(x, 6))
    return trace, x > y, abs(y) < 1e300, x == x, str(0.0 * -1)


@subject
def mixed_numbers():
    out = []
    for left in (1, 2**61, 1.5, True, -7):
        for right in (3, 2**62, -0.5, False, 2):
            out.append((left + right, left * right, left < right, left == right))
    return out


class Vector:
    __slots__ = ("x", "y")

    def __init__(self, x, y):
        self.x = x
        self.y = y

    def __add__(self, other):
        if not isinstance(other, Vector):
            return NotImplemented
        return Vector(self.x + other.x, self.y + other.y)

    def __radd__(self, other):
        return Vector(self.x + other, self.y)

    def __eq__(self, other):
        return isinstance(other, Vector) and self.x == other.x and self.y == other.y

    def __getitem__(self, index):
        return (self.x, self.y)[index]

    def __len__(self):
        return 2

    def __bool__(self):
        return self.x != 0

    def __iter__(self):
        yield self.x
        yield self.y

    def __repr__(self):
        return f"Vector({self.x}, {self.y})"


@subject
def operators_in_python():
    total = Vector(0, 0)
    for i in range(6):
        total = total + Vector(i, -i)
        if total:
            total = 1 + total
    x, y = total
    try:
        total + None
    except TypeError as error:
        message = str(error)
    return repr(total), x, y, total[1], len(total), total == Vector(x, y), message


class Base:
    kind = "base"

    def __init__(self, value):
        self.value = value

    def scaled(self, factor=2, *, plus=0):
        return self.value * factor + plus

    @property
    def double(self):
        return self.value * 2

    @classmethod
    def made(cls, value):
        return cls(value)

    @staticmethod
    def fixed(value):
        return value + 1

    def __getattr__(self, name):
        if name.startswith("known_"):
            return name[6:]
        raise AttributeError(name)


class Derived(Base):
    kind = "derived"

    def scaled(self, factor=3, *, plus=1):
        return super().scaled(factor, plus=plus) - 1


@subject
def attributes_and_methods():
    out = []
    for cls in (Base, Derived, Base):
        thing = cls.made(4)
        out.append((thing.kind, thing.scaled(), thing.scaled(5, plus=2), thing.double, thing.fixed(1), thing.known_name))
        thing.extra = thing.value
        thing.value += thing.extra
        out.append((thing.value, sorted(vars(thing)), hasattr(thing, "missing")))
        del thing.extra
        try:
            thing.extra
        except AttributeError as error:
            out.append(str(error))
    return out


@subject
def closures_and_cells():
    def counter(start):
        count = start

        def step(by=1):
            nonlocal count
            count += by
            return count

        def get():
            return count

        return step, get

    step, get = counter(10)
    values = [step(i) for i in range(4)] + [get()]
    made = [lambda i=i: i * get() for i in range(3)]
    return values, [each() for each in made]


def numbers(count):
    try:
        for i in range(count):
            got = yield i
            if got is not None:
                yield got * 2
    finally:
        SEEN.append("closed")
    return count


SEEN: list[object] = []


def delegating(count):
    result = yield from numbers(count)
    yield ("result", result)


@subject
def generators():
    SEEN.clear()
    out = list(delegating(3))
    running = delegating(5)
    out.append(next(running))
    out.append(running.send(21))
    try:
        running.throw(ValueError("thrown"))
    except ValueError as error:
        out.append(str(error))
    running = numbers(2)
    next(running)
    running.close()
    out.append(sum(i * i for i in range(5)))
    return out, list(SEEN)


class Awaited:
    def __init__(self, value):
        self.value = value

    def __await__(self):
        got = yield self.value
        return got


async def waits(count):
    total = 0
    for i in range(count):
        total += await Awaited(i)
    async with Manager() as managed:
        total += managed
    async for item in items(3):
        total += item
    return total


class Manager:
    async def __aenter__(self):
        return await Awaited(100)

    async def __aexit__(self, *exception):
        await Awaited(200)
        return False


async def items(count):
    for i in range(count):
        yield await Awaited(i)


@subject
def coroutines():
    running, sent, asked = waits(3), None, []
    while True:
        try:
            asked.append(running.send(sent))
        except StopIteration as stop:
            return asked, stop.value
        sent = asked[-1] + 1


@subject
def exceptions():
    out = []

    def inner(kind):
        try:
            if kind == 0:
                return 1 // kind
            if kind == 1:
                return {}["key"]
            if kind == 2:
                raise ValueError("two") from KeyError("cause")
            if kind == 3:
                return [].pop()
            return kind
        except (KeyError, IndexError) as error:
            out.append(type(error).__name__)
            raise RuntimeError("again") from error
        finally:
            out.append(("finally", kind))

    for kind in range(5):
        try:
            out.append(inner(kind))
        except Exception as error:
            cause = error.__cause__
            out.append((repr(error), repr(cause), error.__traceback__.tb_next.tb_lineno - 1))
            del error, cause
    return [each[:2] if isinstance(each, tuple) else each for each in out]


@subject
def finally_overrides():
    def overriding(kind):
        while True:
            try:
                if kind == "raise":
                    raise ValueError(kind)
                if kind == "return":
                    return kind
                continue_after = kind
            finally:
                if kind != "fall":
                    break
            return continue_after
        return "overridden"

    return [overriding(kind) for kind in ("raise", "return", "fall")]


@subject
def exception_groups():
    out = []
    try:
        raise ExceptionGroup("group", [ValueError(1), TypeError(2), ExceptionGroup("nested", [ValueError(3)])])
    except* ValueError as group:
        out.append([repr(each) for each in group.exceptions])
    except* TypeError as group:
        out.append(repr(group.exceptions))
    return out


@contextlib.contextmanager
def managed(log, swallow):
    log.append("enter")
    try:
        yield len(log)
    except ValueError:
        log.append("swallowed")
        if not swallow:
            raise
    finally:
        log.append("exit")


@subject
def context_managers():
    log = []
    for swallow in (True, False):
        try:
            with managed(log, swallow) as depth, managed(log, True):
                log.append(depth)
                raise ValueError if swallow else KeyError
        except (ValueError, KeyError) as error:
            log.append(type(error).__name__)
    return log


@subject
def containers():
    table, items_, seen = {}, [], set()
    for i in range(12):
        table[i % 5] = table.get(i % 5, 0) + i
        items_.append((i, str(i)))
        seen.add(i % 3)
    items_[2:5] = [("cut",)]
    del items_[0], table[0]
    first, *middle, last = items_
    merged = {**table, "more": [*middle[:2], last]}
    return merged, sorted(seen), {k: v for k, v in merged.items() if k != "more"}, {*"abc"} == set("cab"), items_[-1:0:-2]


@subject
def loops_and_iterators():
    out = []
    for i, (a, b) in enumerate(zip("abc", [1, 2, 3])):
        for key, value in {"k": a, "l": b}.items():
            if key == "l" and b == 2:
                break
            out.append((i, key, value))
        else:
            out.append("whole")
    for each in reversed(range(0, 9, 4)):
        out.append(each)
    out.extend(map(operator.neg, filter(None, [0, 1, 2])))
    return out


@subject
def strings():
    text = ""
    for i, word in enumerate("a quick fox".split()):
        text += f"{word:>6}|{i:03d}|{i / 3:.2f}" + word.upper() * (i % 2)
    return text, text[3:-4:2], "fox" in text, text.replace("|", "").encode(), "%s-%r" % (text[:3], 1.5)


@subject
def matching():
    def kind(thing):
        match thing:
            case 0 | 1:
                return "small"
            case int(n) if n > 100:
                return f"large {n}"
            case [first, *rest]:
                return first, len(rest)
            case {"name": str(name), **others}:
                return name, sorted(others)
            case Base(value=value):
                return value
            case None:
                return "none"
        return "other"

    return [kind(each) for each in (0, 1, 500, 50, [1, 2, 3], (), {"name": "n", "x": 1}, Derived(3), None, 2.5)]


@subject
def calls():
    def many(a, b=2, *args, c=3, d, **more):
        return a, b, args, c, d, sorted(more)

    out = [many(1, d=4), many(*range(5), d=6, e=7), many(**{"a": 1, "d": 2, "b": 3})]
    out.append(functools.partial(many, 1, d=2)(5))
    for wrong in ((), (1,)):
        try:
            many(*wrong)
        except TypeError as error:
            out.append(str(error))
    return out


@subject
def recursion():
    def tree(depth):
        return [tree(depth - 1), tree(depth - 1)] if depth else depth

    def count(node):
        return sum(map(count, node)) if node else 1

    def fib(n):
        return n if n < 2 else fib(n - 1) + fib(n - 2)

    result = count(tree(4)), fib(8)
    tree = count = fib = None  # they refer to each other by cells
    return result


class Dies:
    def __init__(self, name, log):
        self.name = name
        self.log = log

    def __del__(self):
        self.log.append(("del", self.name))


@subject
def lifetimes():
    log = []

    def scope(n):
        first = Dies("first", log)
        second = Dies("second", log)
        watched = weakref.ref(second, lambda ref: log.append("weak"))
        kept = [Dies(i, log) for i in range(n)]
        first = kept.pop()
        log.append("dropped")
        del second
        log.append(watched() is None)
        return first.name

    log.append(scope(3))
    log.append("returned")
    for _ in range(2):
        Dies("temporary", log)
    return log


@subject
def frames():
    out = []

    def look():
        frame = sys._getframe(1)
        out.append((frame.f_code.co_name, frame.f_lineno - frame.f_code.co_firstlineno, sorted(frame.f_locals)))

    def looked_at(a):
        look()
        b = a + 1
        look()
        return b

    looked_at(1)
    return out


@subject
def patched():
    def original():
        return 1

    def other():
        return 2

    out, code = [], original.__code__
    for i in range(6):
        if i == 2:
            original.__code__ = other.__code__
        if i == 3:
            Derived.kind = "patched"
        if i == 4:
            Derived.kind = "derived"
            original.__code__ = code
        out.append((original(), Derived(1).kind))
    return out


@subject
def globals_and_builtins():
    out = []
    global CHANGING
    for CHANGING in range(4):
        if CHANGING == 2:
            globals()["len"] = lambda thing: "mine"
        out.append((CHANGING, len([1, 2])))
        globals().pop("len", None)
    del CHANGING
    try:
        CHANGING
    except NameError as error:
        out.append(str(error))
    return out


@subject
def executed_code():
    namespace = {"base": 5}
    exec("class Made:\n    size = base * 2\n    def get(self): return self.size + 1\nvalue = Made().get()", namespace)
    value = namespace["value"]
    namespace.clear()
    return value, eval("[i * k for i in range(3)]", {"k": 4})
