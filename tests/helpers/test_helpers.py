"""Every runtime helper against the bytecode whose work it does, run by the stock interpreter.

CallDirect, PrepareResume and what follows that are missing: they need code that the compiler manages, which tests of
behaviour have.

Needs the test module ``pyston_helpers_test`` (CMake target of the same name) in the build directory:
``PYSTON_TEST_BUILD``, or ``build``.
"""

import collections
import gc
import itertools
import operator
import os
import sys
import types

import pytest

sys.path.insert(0, os.environ.get("PYSTON_TEST_BUILD", "build"))
import pyston_helpers_test as helpers  # noqa: E402

call = helpers.call
NULL = helpers.NULL


def chain(exception, depth=3):
    """What an exception looks like from outside, with its causes."""
    if not isinstance(exception, BaseException) or depth == 0:
        return exception  # a cause may be anything that its class returned
    return (
        type(exception),
        str(exception),
        repr(exception.args),
        getattr(exception, "name", None),
        getattr(exception, "path", None),
        chain(exception.__cause__, depth - 1),
        exception.__suppress_context__,
    )


def outcome(function, *args):
    try:
        value = function(*args)
    except BaseException as exception:  # noqa: BLE001
        return "raised", chain(exception)
    return "returned", type(value), repr(value)


def same(helper, stock):
    """Asserts that both callables have the same outcome."""
    expected = outcome(stock)
    assert outcome(helper) == expected
    return expected


# --- values to combine


class Quiet:
    """Supports nothing."""

    def __repr__(self):
        return "Quiet()"


class Eager:
    """Answers every operator with its name, reflected ones too."""

    def __repr__(self):
        return "Eager()"


for _name in (
    "add sub mul truediv floordiv mod pow lshift rshift and or xor matmul".split()
):
    for _prefix in "", "r", "i":
        _full = f"__{_prefix}{_name}__"
        setattr(Eager, _full, lambda self, other, *rest, _full=_full: (_full, type(other).__name__))
for _full in "__lt__ __le__ __eq__ __ne__ __gt__ __ge__".split():
    setattr(Eager, _full, lambda self, other, _full=_full: (_full, type(other).__name__))
Eager.__hash__ = object.__hash__


class Raising:
    def __repr__(self):
        return "Raising()"

    def _fail(self, *args):
        raise LookupError("asked")

    __add__ = __radd__ = __lt__ = __eq__ = __bool__ = __len__ = __getitem__ = __setitem__ = _fail
    __delitem__ = __contains__ = __iter__ = __neg__ = __pos__ = __invert__ = __enter__ = _fail
    __hash__ = object.__hash__


class MyInt(int):
    def __add__(self, other):
        return "MyInt.__add__"

    def __radd__(self, other):
        return "MyInt.__radd__"


class MyStr(str):
    pass


class MyDict(dict):
    def __missing__(self, key):
        return ("missing", key)


class MyList(list):
    pass


INTS = [0, 1, -1, 2, -7, 255, 256, 257, -5, -6, 2**30 - 1, 2**30, -(2**30), 2**60, -(2**61), 10**40, 31, 32, 33, 64]
FLOATS = [0.0, -0.0, 1.5, -2.25, 1e308, float("inf"), float("-inf"), float("nan"), 5e-324]
OTHERS = [True, False, None, "", "ab", "\u20ac", b"x", (), (1, 2), [1], {}, {1: 2}, {1}, 1j,
          MyInt(3), MyStr("my"), Quiet(), Eager(), Raising(), int, range(3)]
VALUES = INTS + FLOATS + OTHERS

BINARY = "+ & // << @ * % | ** >> - / ^".split()
BINARY_FUNCTIONS = [eval(f"lambda a, b: a {op} b") for op in BINARY]


def _inplace(op):
    namespace = {}
    exec(f"def f(a, b):\n    a {op}= b\n    return a", namespace)
    return namespace["f"]


INPLACE_FUNCTIONS = [_inplace(op) for op in BINARY]
COMPARISONS = "< <= == != > >=".split()


def affordable(number, a, b):
    """Keeps the test from computing gigantic numbers."""
    if number in (3, 8, 9) and isinstance(b, int) and isinstance(a, (int, float)):
        return abs(b) <= 100
    return not (BINARY[number] == "*" and isinstance(b, int) and b > 300 and not isinstance(a, (int, float)))


def copied(value):
    """A copy of what an in-place operator would change."""
    return type(value)(value) if type(value) in (list, set, dict) else value


@pytest.mark.parametrize("number", range(26))
def test_binary_op(number):
    base = number % 13
    stock = (BINARY_FUNCTIONS + INPLACE_FUNCTIONS)[number]
    for a, b in itertools.product(VALUES, VALUES):
        if affordable(base, a, b) and affordable(base, b, a):
            same(lambda: call("BinaryOp", number, copied(a), b), lambda: stock(copied(a), b))


@pytest.mark.parametrize("number", range(26))
def test_int_binary_big(number):
    stock = (BINARY_FUNCTIONS + INPLACE_FUNCTIONS)[number]
    for a, b in itertools.product(INTS, INTS):
        if affordable(number % 13, a, b):
            same(lambda: call("IntBinaryBig", number, a, b), lambda: stock(a, b))


def test_negative_shift_and_power():
    for a in INTS[:13]:
        for b in (-1, 0, 1, 5, 62, 63, 64, 65, 200):
            for number in (3, 8, 9, 16, 21, 22):
                stock = (BINARY_FUNCTIONS + INPLACE_FUNCTIONS)[number]
                same(lambda: call("BinaryOp", number, a, b), lambda: stock(a, b))


@pytest.mark.parametrize("number", range(6))
def test_comparisons(number):
    stock = eval(f"lambda a, b: a {COMPARISONS[number]} b")
    truth = eval(f"lambda a, b: True if a {COMPARISONS[number]} b else False")
    for a, b in itertools.product(VALUES, VALUES):
        same(lambda: call("CompareOp", number, a, b), lambda: stock(a, b))
        same(lambda: call("CompareTruth", number, a, b), lambda: truth(a, b))


def test_unary_and_truth():
    for a in VALUES:
        same(lambda: call("UnaryPositive", a), lambda: +a)
        same(lambda: call("UnaryNegative", a), lambda: -a)
        same(lambda: call("UnaryInvert", a), lambda: ~a)
        same(lambda: call("IsTrue", a), lambda: True if a else False)
        same(lambda: call("Len", a), lambda: len(a))
        same(lambda: call("GetLen", a), lambda: len(a))
        same(lambda: type(call("GetIter", a)), lambda: type(iter(a)))


def test_float_helpers():
    finite = [f for f in FLOATS if f == f and abs(f) != float("inf")] + [3.7, -3.7, 0.1, 1e16, -7.0]
    for a, b in itertools.product(finite + [float("inf"), float("nan")], finite):
        if b:
            same(lambda: call("FloatMod", a, b), lambda: a % b)
            same(lambda: call("FloatFloorDiv", a, b), lambda: a // b)
        if 1e-100 < a < 1e100 and abs(b) < 3:  # what overflows is the caller's business
            same(lambda: call("FloatPower", a, b), lambda: a**b)


def test_new_numbers():
    for i in (0, -5, 256, 257, 2**62, -(2**63), 2**63 - 1):
        assert call("NewInt", i) == i == call("NewIntOrNull", i)
    for f in (0.5, float("inf")):
        assert call("NewFloat", f) == f == call("NewFloatOrNull", f)
    assert call("RangeNew", 1, 10, 3) == range(1, 10, 3)
    same(lambda: call("RangeNew", 1, 10, 0), lambda: range(1, 10, 0))


def test_strings():
    for a, b in itertools.product(["", "a", "\xe9", "\u20ac", "\U0001f600", "x" * 100], repeat=2):
        assert call("UnicodeConcat", a, b) == a + b
        assert call("UnicodeAppend", a, b) == a + b
    assert a == "x" * 100
    parts = ["a", MyStr("b"), "\u20ac", ""]
    same(lambda: call("BuildString", *reversed(parts)), lambda: "".join(parts))
    assert call("BuildString") == ""


class Formats:
    def __format__(self, spec):
        return f"<{spec}>"

    def __repr__(self):
        return "r\u20ac"


class BadFormat:
    def __format__(self, spec):
        return 1

    def __str__(self):
        return 2

    def __repr__(self):
        raise KeyError("no")


@pytest.mark.parametrize("value", [1, "s", MyStr("s"), 2.5, None, Formats(), BadFormat(), [1]])
def test_format_value(value):
    stocks = [lambda: f"{value}", lambda: f"{value!s}", lambda: f"{value!r}", lambda: f"{value!a}"]
    for conversion, stock in enumerate(stocks):
        same(lambda: call("FormatValue", conversion, value, NULL), stock)
    stocks = [lambda: f"{value:>9}", lambda: f"{value!s:>9}", lambda: f"{value!r:>9}", lambda: f"{value!a:>9}"]
    for conversion, stock in enumerate(stocks):
        same(lambda: call("FormatValue", conversion, value, ">9"), stock)


# --- subscripts


CONTAINERS = [[1, 2, 3], (1, 2, 3), {1: "a", "k": "b"}, MyDict({1: 2}), MyList([5, 6]), "abc", b"abc", range(5), 5,
              None, Raising(), collections.OrderedDict(a=1), list, int]
KEYS = [0, 1, 2, 3, -1, -3, -4, True, "k", "a", None, slice(0, 2), 2**70, -(2**70), 1.0, [1], MyInt(1), (1,)]


def test_subscripts():
    for container, key in itertools.product(CONTAINERS, KEYS):
        same(lambda: call("BinarySubscr", container, key), lambda: container[key])
        same(lambda: call("Contains", key, container), lambda: key in container)
        if type(container) is dict:
            same(lambda: call("DictSubscr", container, key), lambda: container[key])


def test_store_and_delete_subscripts():
    for container, key in itertools.product(CONTAINERS, KEYS):
        if container is list or container is int:
            continue
        fresh = (lambda: container) if not isinstance(container, (list, dict)) else (lambda: type(container)(container))

        def stock_store():
            c = fresh()
            c[key] = (7, 8)
            return c

        def store():
            c = fresh()
            call("StoreSubscr", (7, 8), c, key)
            return c

        def stock_delete():
            c = fresh()
            del c[key]
            return c

        def delete():
            c = fresh()
            call("DeleteSubscr", c, key)
            return c

        same(store, stock_store)
        same(delete, stock_delete)


def test_slices():
    assert call("BuildSlice", 1, None, NULL) == slice(1, None)
    assert call("BuildSlice", 1, 5, 2) == slice(1, 5, 2)


# --- attributes


class Slotted:
    __slots__ = ("a",)


class Attributes:
    shared = "class"

    def __init__(self):
        self.own = 1

    def method(self):
        return self

    @property
    def computed(self):
        return "computed"

    @property
    def failing(self):
        raise ValueError("failing")

    @staticmethod
    def static():
        return "static"

    @classmethod
    def klass(cls):
        return cls


class GetAttr(Attributes):
    def __getattr__(self, name):
        if name == "nope":
            raise AttributeError("custom")
        return name.upper()


OWNERS = [Attributes(), GetAttr(), Slotted(), 5, "s", None, Attributes, sys, types, len, [], super(GetAttr, GetAttr())]
NAMES = ["own", "shared", "computed", "failing", "nope", "append", "method", "static", "klass", "a", "__class__", "path", "real"]


def test_load_attr():
    for owner, name in itertools.product(OWNERS, NAMES):
        stock = eval(f"lambda: owner.{name}", {"owner": owner})
        same(lambda: call("LoadAttr", owner, name), stock)

        def method():
            function = call("LoadMethodFunction", owner, name)
            second = call("TakeSecond", NULL, NULL)
            assert function is NULL or second is owner
            return call("CallMethod", NULL, function, second)

        same(method, eval(f"lambda: owner.{name}()", {"owner": owner}))


def test_store_and_delete_attr():
    for owner, name in itertools.product(OWNERS[:6], NAMES):
        namespace = {"owner": owner}
        exec(f"def store(): owner.{name} = 3\ndef delete(): del owner.{name}", namespace)
        for _ in range(2):
            first = outcome(namespace["store"]), outcome(namespace["delete"]), outcome(namespace["delete"])
            second = (
                outcome(call, "StoreAttr", 3, owner, name),
                outcome(call, "DeleteAttr", owner, name),
                outcome(call, "DeleteAttr", owner, name),
            )
            assert first == second


def test_store_instance_value():
    class Point:
        def __init__(self, x, y):
            self.x = x
            self.y = y

    point = Point(1, 2)
    call("StoreInstanceValue", 1, 20, point, "y")
    assert (point.x, point.y) == (1, 20)
    other = Point.__new__(Point)
    call("StoreInstanceValue", 1, "second", other, "y")
    call("StoreInstanceValue", 0, "first", other, "x")
    assert list(other.__dict__.items()) == [("y", "second"), ("x", "first")]
    call("StoreInstanceValue", 1, "in dict", other, "y")
    assert other.y == "in dict"


def test_bind_method():
    class Point:
        def method(self, other):
            return self, other

    point = Point()
    bound = call("BindMethod", Point.method, point)
    assert bound.__self__ is point and bound.__func__ is Point.method and bound(1) == (point, 1)
    items = [3]
    assert call("BindMethod", list.append, items)(4) is None and items == [3, 4]


# --- names. The code is run in namespaces by both sides.


class Names(collections.UserDict):
    pass


def run(source, global_names, local_names):
    exec(compile(source, "<test>", "exec"), global_names, local_names)
    return local_names.get("result")


@pytest.mark.parametrize("local_class", [dict, Names])
def test_names(local_class):
    def both(stock, helper, **local_names):
        outcomes = []
        for source in stock, helper:
            global_names = {"call": call, "in_globals": "global", "NULL": NULL}
            outcomes.append(outcome(run, source, global_names, local_class(local_names)) + (sorted(global_names),))
        assert outcomes[0] == outcomes[1]

    for name in "here", "in_globals", "len", "missing", "\\u0394x":
        name = name.encode().decode("unicode_escape")
        both(f"result = {name}", f"result = call('LoadName', {name!r})", here="local")
        both(
            f"global {name}\nresult = {name}" if name != "here" else "result = 1",
            f"result = call('LoadGlobal', {name!r})" if name != "here" else "result = 1",
        )
        both(f"{name} = 5\nresult = {name}", f"call('StoreName', 5, {name!r})\nresult = {name}")
        both(f"del {name}", f"call('DeleteName', {name!r})", here="local")
        both(f"global {name}\ndel {name}", f"call('DeleteGlobal', {name!r})")
        both(f"global {name}\n{name} = 5", f"call('StoreGlobal', 5, {name!r})")
    both("if 0: x: int\nresult = __annotations__", "call('SetupAnnotations')\nresult = __annotations__")
    both("class C: pass\nresult = C.__name__", "result = call('LoadBuildClass')(lambda: None, 'C').__name__")


def test_names_of_unusual_builtins():
    for builtins_ in {}, Names(), Names(len=3), {"len": 3}:
        for stock, helper in (
            ("result = len", "result = call('LoadName', 'len')"),
            ("class C: pass", "call('LoadBuildClass')(lambda: None, 'C')"),
            ("import os", "call('ImportName', 'os', None, 0)"),
        ):
            outcomes = []
            for source in stock, helper:
                names = {"__builtins__": builtins_, "call": call}
                outcomes.append(outcome(run, source, names, {}))
            assert outcomes[0] == outcomes[1], (stock, builtins_)


def test_unbound():
    def stock_local():
        if NULL is None:
            value = 1
        return value

    def helper_local():
        if NULL is None:
            value = 1
            return value
        return call("RaiseUnbound", 0)

    def closures():
        if NULL is None:
            value = 1

        def stock_free():
            return value

        def helper_free():
            call("RaiseUnbound", 0)
            return value

        def helper_cell():
            def inner():
                return local

            call("RaiseUnbound", helper_cell.__code__.co_varnames.index("inner") + 1)
            local = 1
            return inner

        def stock_cell():
            def inner():
                return local

            local
            local = 1
            return inner

        return stock_free, helper_free, stock_cell, helper_cell

    same(helper_local, stock_local)
    stock_free, helper_free, stock_cell, helper_cell = closures()
    same(helper_free, stock_free)
    same(helper_cell, stock_cell)


@pytest.mark.parametrize("namespace_class", [dict, MyNamespace := type("MyNamespace", (dict,), {})])
def test_load_class_deref(namespace_class):
    class Meta(type):
        @classmethod
        def __prepare__(cls, name, bases):
            return namespace_class()

        def __new__(cls, name, bases, namespace):
            return super().__new__(cls, name, bases, dict(namespace))

    def both(bound):
        x = "cell"
        cell = (lambda: x).__closure__[0]
        if not bound:
            del x

        class C(metaclass=Meta):
            assert sys._getframe().f_code.co_freevars == ("cell", "x")
            try:
                before = call("LoadClassDeref", 1, cell)
            except NameError as e:
                before = chain(e)
            sys._getframe().f_locals["x"] = "class"
            after = call("LoadClassDeref", 1, cell)
            same = x == after

        return C.before, C.after, C.same

    assert both(True) == ("cell", "class", True)
    assert both(False) == (chain(unbound_free("x")), "class", True)


def unbound_free(name):
    try:
        exec(f"def f():\n  if 0: {name} = 1\n  return lambda: {name}\nf()()")
    except NameError as e:
        return e


def test_operators_go_on_after_not_implemented():
    class Left:
        def __add__(self, other):
            return NotImplemented

        __iadd__ = None

        def __lt__(self, other):
            return NotImplemented

        __eq__ = __ne__ = __lt__

        def __gt__(self, other):
            return "reflected"

    class Number(int):
        def __radd__(self, other):
            return "radd"

        def __gt__(self, other):
            return "Number.__gt__"

    left, other = Left(), Left()
    add, same_class = 0, 32
    for right, mode in ((other, add | same_class), (3, add), (2.5, add), (None, add), (Number(3), add)):
        same(lambda right=right, mode=mode: call("BinaryOpDeclined", mode, left, right), lambda right=right: left + right)
    for right in (other, left, 3, None, Number(4)):
        for op, compare in enumerate((operator.lt, operator.le, operator.eq, operator.ne)):
            if op != 1:  # which Left does not have
                same(
                    lambda right=right, op=op: call("CompareDeclined", op, left, right),
                    lambda right=right, compare=compare: compare(left, right),
                )


# --- cells, functions


def test_instances_that_are_made_are_initialized():
    class C:
        def __init__(self, *args):
            self.args = args
            return args[0]

    class D(C):
        __init__ = C.__init__.__get__(object())

    for cls, args in ((C, (None,)), (C, (None, 2)), (C, (1,)), (C, ()), (D, (None,)), (int, (1,))):
        made = cls.__new__(cls)

        def helper(made=made, args=args):
            call("InitInstance", NULL, made, *args)
            return vars(made)

        same(helper, lambda cls=cls, args=args: vars(cls(*args)))


def test_instances_are_initialized_with_keywords():
    class C:
        def __init__(self, a, *, b):
            self.args = a, b

    for args, names in (((1, 2), ("b",)), ((2, 1), ("b", "a")), ((1, 2), ("c",))):
        made = C.__new__(C)

        def helper(made=made, args=args, names=names):
            call("InitInstance", names, made, *args)
            return vars(made)

        def stock(args=args, names=names):
            positional = len(args) - len(names)
            return vars(C(*args[:positional], **dict(zip(names, args[positional:], strict=True))))

        same(helper, stock)


def test_cells_and_functions():
    assert call("MakeCell", 5).cell_contents == 5
    same(lambda: call("MakeCell", NULL).cell_contents, lambda: types.CellType().cell_contents)

    def outer():
        free = "f"

        def inner(a: int = 1, *, k=2) -> str:
            return a, k, free

        return inner

    inner = outer()
    code = inner.__code__
    made = call("MakeFunction", 0xF, code, inner.__closure__, ("a", int, "return", str), {"k": 2}, (1,))
    assert made() == inner() and made.__annotations__ == inner.__annotations__
    assert made.__globals__ is globals() and made.__qualname__ == inner.__qualname__
    assert call("MakeFunction", 0, (lambda: 3).__code__)() == 3
    assert call("MakeFunction", 0x8, code, inner.__closure__)(1, k=3) == (1, 3, "f")
    assert call("MakeFunction", 0x9, code, inner.__closure__, (4,))(k=3) == (4, 3, "f")


# --- containers


def test_build_containers():
    for count in range(0, 40, 3):
        items = [str(i) for i in range(count)]
        assert call("BuildTuple", *items) == tuple(items)
        assert call("BuildList", *items) == items
        assert call("BuildSet", *items) == set(items)
    same(lambda: call("BuildSet", 1, [], 2), lambda: {1, [], 2})
    same(lambda: call("BuildSet", 1, True, 1.0), lambda: {1, True, 1.0})
    same(lambda: call("BuildMap", 3, [], 2, 1), lambda: {1: 2, []: 3})


@pytest.mark.parametrize("count", [0, 1, 5, 6, 7, 10, 11, 21, 22, 42, 43, 85, 86, 170, 171, 300, 700])
def test_build_maps(count):
    for make in str, int, lambda i: i if i % 2 else str(i):
        keys = [make(i) for i in range(count)]
        display = eval("lambda: {" + ", ".join(f"{k!r}: [{i}]" for i, k in enumerate(keys)) + "}")
        for built in (
            call("BuildMap", *itertools.chain.from_iterable(([i], k) for i, k in reversed([*enumerate(keys)]))),
            call("BuildConstKeyMap", tuple(keys), *([i] for i in reversed(range(count)))),
        ):
            expected = display()
            assert built == expected and list(built) == list(expected)
            if count <= 15:  # longer displays are built in chunks by the compiler
                assert sys.getsizeof(built) == sys.getsizeof(expected)
            for k in range(count + 50):
                built[f"more{k}"] = k
            del built
    assert call("BuildMap", 2, "a", 1, "a") == {"a": 2}


def test_list_set_dict_additions():
    grown = []
    for i in range(100):
        call("ListAppend", grown, i)
    assert grown == list(range(100))

    def stock_list(x):
        return [0, *x]

    def stock_set(x):
        return {0, *x}

    def stock_dict(x):
        return {"z": 0, **x}

    def list_(x):
        out = [0]
        call("ListExtend", out, x)
        return out

    def set_(x):
        out = {0}
        call("SetUpdate", out, x)
        return out

    def dict_(x):
        out = {"z": 0}
        call("DictUpdate", out, x)
        return out

    class NoKeys:
        def __getattr__(self, name):
            raise AttributeError(name)

    class BadKeys:
        def keys(self):
            raise AttributeError("inner")

    for x in [[1], (1,), {1: 2}, {"a": 1}, {1}, "ab", 5, None, Raising(), Quiet(), range(3), iter([1, 2]), NoKeys(),
              BadKeys(), Names(a=1), [[]]]:
        same(lambda: list_(copied(x)), lambda: stock_list(copied(x))) if not hasattr(x, "__next__") else None
        same(lambda: set_(copied(x)), lambda: stock_set(copied(x))) if not hasattr(x, "__next__") else None
        same(lambda: dict_(copied(x)), lambda: stock_dict(copied(x))) if not hasattr(x, "__next__") else None

    s, d = set(), {}
    call("SetAdd", s, 1)
    call("MapAdd", d, "k", "v")
    assert (s, d) == ({1}, {"k": "v"})
    same(lambda: call("SetAdd", s, []), lambda: {x for x in [[]]})
    same(lambda: call("MapAdd", d, [], 1), lambda: {x: 1 for x in [[]]})
    assert call("ListToTuple", [1, 2]) == (1, 2)


class Endless:
    def __init__(self, failing_at):
        self.failing_at = failing_at

    def __iter__(self):
        for i in itertools.count():
            if i == self.failing_at:
                raise ValueError(i)
            yield i


class Sequence:
    def __getitem__(self, i):
        if i == 3:
            raise IndexError
        return i


class NotReallyIterable:
    __iter__ = None


UNPACKED = [(1, 2, 3), [1, 2, 3], {1: 2, 3: 4, 5: 6}, "abc", (), [], 5, None, range(3), range(30), Endless(1), Endless(3),
            Sequence(), Raising(), Quiet(), NotReallyIterable(), MyList([1, 2, 3]), (1, 2), [1, 2], (1, 2, 3, 4)]


@pytest.mark.parametrize("count", [1, 2, 3, 4])
def test_unpack_sequence(count):
    targets = "".join(f"t{i}, " for i in range(count))
    stock = eval(f"lambda v: (lambda: None) and [({targets}) for {targets} in [v]][0]")
    for value in UNPACKED:
        same(lambda: call("UnpackSequence", count, value), lambda: stock(value))
    items = tuple(range(count))
    assert call("UnpackSequence", count, items) is items


@pytest.mark.parametrize("before", [0, 1, 2])
@pytest.mark.parametrize("after", [0, 1, 2])
def test_unpack_ex(before, after):
    targets = "".join(f"t{i}, " for i in range(before)) + "*s, " + "".join(f"u{i}, " for i in range(after))
    plain = targets.replace("*", "")
    stock = eval(f"lambda v: [({plain}) for {targets} in [v]][0]")
    for value in UNPACKED:
        if not (isinstance(value, Endless) and value.failing_at is None):
            same(lambda: call("UnpackEx", before | after << 8, value), lambda: stock(value))


# --- iteration


def test_iter_next():
    class Stops:
        def __init__(self, exception):
            self.exception = exception

        def __iter__(self):
            return self

        def __next__(self):
            raise self.exception

    class StopSubclass(StopIteration):
        pass

    for iterator in iter([1]), iter((1,)), iter(range(1)), (i for i in [1]), iter({1}), iter("1"), zip([1]):
        assert call("IterNext", iterator) is not NULL
        assert call("IterNext", iterator) is NULL
        assert call("IterNext", iterator) is NULL
    assert call("IterNext", Stops(StopIteration(5))) is NULL
    assert call("IterNext", Stops(StopSubclass(5))) is NULL
    same(lambda: call("IterNext", Stops(KeyError(5))), lambda: [i for i in Stops(KeyError(5))])


# --- calls


def signature(*args, **kwargs):
    return args, kwargs


class Callable:
    def __repr__(self):
        return "Callable()"

    def __call__(self, *args, **kwargs):
        return args, sorted(kwargs.items())

    def method(self, *args, **kwargs):
        return args, kwargs


class Metaclassed(type):
    def __call__(cls, *args, **kwargs):
        return "meta", args, kwargs


class Meta(metaclass=Metaclassed):
    pass


CALLABLES = [signature, Callable(), Callable().method, len, int, str, dict, list.append, [].append, "a".join, Meta,
             Callable, print_nothing := (lambda: None), 5, None, types.MethodType(len, [1, 2]),
             types.MethodType(Callable(), 1), operator.itemgetter(0), isinstance, type, str.upper, {}.update]


def test_call():
    for callable_ in CALLABLES:
        for args in (), ([1],), ("ab",), (1, 2), ([1], list), ((1,), (2,), 3):
            same(lambda: call("Call", NULL, callable_, *args), lambda: callable_(*args))
            same(lambda: call("CallMethod", NULL, NULL, callable_, *args), lambda: callable_(*args))
            if args:
                same(lambda: call("CallMethod", NULL, callable_, *args), lambda: callable_(*args))
            for keywords in {}, {"key": 1}, {"a": 1, "b": 2}:
                names = tuple(keywords)
                values = tuple(keywords.values())
                stock = lambda: callable_(*args, **keywords)  # noqa: E731
                same(lambda: call("Call", names or NULL, callable_, *args, *values), stock)
                if args:
                    same(lambda: call("CallMethod", names or NULL, callable_, *args, *values), stock)
                same(lambda: call("CallEx", callable_, list(args), keywords), stock)
                same(lambda: call("CallEx", callable_, args, keywords if keywords else NULL), stock)


def test_call_ex_errors():
    class BadKeys:
        def keys(self):
            raise AttributeError("inner")

    class KeyErrorKeys:
        def keys(self):
            raise KeyError("inner")

    class DuplicateKeys:
        def keys(self):
            return ["a", "a"]

        def __getitem__(self, key):
            return 1

    class IntKeys:
        def keys(self):
            return [1]

        def __getitem__(self, key):
            return 1

    for args in [1], (1,), {1: 2}, 5, None, Raising(), Quiet(), range(3), Endless(2), NotReallyIterable():
        for callable_ in signature, len, Callable(), Callable().method, 5:
            same(lambda: call("CallEx", callable_, args, NULL), lambda: callable_(*args))
            mappings = {}, {"a": 1}, {1: 2}, Names(a=1), 5, None, BadKeys(), KeyErrorKeys(), DuplicateKeys(), IntKeys(), Raising()
            for mapping in mappings:
                same(lambda: call("CallEx", callable_, args, mapping), lambda: eval("f(*a, **m)", {"f": callable_, "a": args, "m": mapping}))

                def merged():
                    keywords = {}
                    call("DictMerge", callable_, keywords, {"z": 1})
                    call("DictMerge", callable_, keywords, mapping)
                    return callable_(**keywords)

                same(merged, lambda: callable_(**{"z": 1}, **mapping))
    same(lambda: call("DictMerge", signature, {"a": 1}, {"a": 2}), lambda: signature(**{"a": 1}, **{"a": 2}))
    same(lambda: call("DictMerge", len, {"a": 1}, Names(a=2)), lambda: len(**{"a": 1}, **Names(a=2)))
    same(lambda: call("DictMerge", signature, {1: 1}, {1: 2}), lambda: signature(**{1: 1}, **{1: 2}))


def test_builtin_calls():
    for value in [1], "ab", 5, Raising():
        same(lambda: call("CallCFunctionO", abs, value), lambda: abs(value))
        same(lambda: call("CallCFunctionO", len, value), lambda: len(value))
        same(lambda: call("CallCFunctionFast", isinstance, value, int), lambda: isinstance(value, int))
        same(lambda: call("CallCFunctionFast", isinstance, value), lambda: isinstance(value))
        same(lambda: call("CallMethodDescrO", str.join, "-", value), lambda: "-".join(value))
        same(lambda: call("CallTypeOne", str, value), lambda: str(value))
        same(lambda: call("CallTypeOne", type, value), lambda: type(value))
        same(lambda: call("CallTypeOne", tuple, value), lambda: tuple(value))
        same(lambda: call("CallTypeOne", int, value), lambda: int(value))
        same(lambda: call("IsInstance", value, (int, str)), lambda: isinstance(value, (int, str)))
        same(lambda: call("IsInstance", value, value), lambda: isinstance(value, value))
    same(lambda: call("CallMethodDescrNoArgs", str.upper, "abc"), lambda: "abc".upper())
    same(lambda: call("CallMethodDescrFast", str.replace, "abc", "a", "b"), lambda: "abc".replace("a", "b"))
    same(lambda: call("CallMethodDescrFast", str.replace, "abc", "a"), lambda: "abc".replace("a"))
    same(lambda: call("CallMethodDescrFast", str.split, "a b"), lambda: "a b".split())
    same(lambda: call("CallMethodDescrFast", str.split, "a b", 1), lambda: "a b".split(1))
    same(lambda: call("CallCFunctionFast", sorted, [2, 1]), lambda: sorted([2, 1]))

    class Text(str):
        pass

    for own in (Text("a-b"), 5):  # a subclass, and no instance at all
        same(lambda: call("CallMethodDescrO", str.join, own, "xy"), lambda: str.join(own, "xy"))
        same(lambda: call("CallMethodDescrNoArgs", str.upper, own), lambda: str.upper(own))
        same(lambda: call("CallMethodDescrFast", str.split, own, "-"), lambda: str.split(own, "-"))


def test_isinstance():
    class Liar:
        __class__ = property(lambda self: int)

    class Dynamic:
        def __getattribute__(self, name):
            return str if name == "__class__" else object.__getattribute__(self, name)

    class Fallback:
        def __getattr__(self, name):
            return str

    class Failing:
        @property
        def __class__(self):
            raise KeyError("class")

    class Odd:
        __class__ = 5

    class Checks(type):
        def __instancecheck__(cls, instance):
            return instance == 5 and "yes"

    class Checked(metaclass=Checks):
        pass

    nested = ()
    for _ in range(5000):
        nested = (nested,)
    objects = [5, True, "s", Liar(), Dynamic(), Fallback(), Failing(), Odd(), Checked(), int, Checks, None, 1.5]
    classes = [int, str, object, type, Checks, Checked, Liar, (), (int, str), (str, (int, float)), (5,), 5, (str, 5),
               collections.abc.Sized, int | str, list[int], nested, (Checked, int), ((), (int,)), Failing]
    for value, type_ in itertools.product(objects, classes):
        same(lambda: call("IsInstance", value, type_), lambda: isinstance(value, type_))


@pytest.mark.parametrize("name, args, stock", [
    ("CallCFunctionO", (abs, -1), lambda: abs(-1)),
    ("CallMethodDescrO", (str.join, "", ()), lambda: "".join(())),
    ("CallMethodDescrNoArgs", (str.upper, ""), lambda: "".upper()),
    ("Call", (NULL, abs, -1), lambda: abs(-1)),
    ("Call", (NULL, int, "5"), lambda: int("5")),
    ("CompareOp", (0, 1, 2.5), lambda: 1 < 2.5),
    ("CompareOp", (0, 1, 2), lambda: 1 < 2),
    ("CompareOp", (0, "a", "b"), lambda: "a" < "b"),
    ("CompareTruth", (0, 1, 2.5), lambda: True if 1 < 2.5 else False),
    ("CompareTruth", (0, "a", "b"), lambda: True if "a" < "b" else False),
    ("IsInstance", (5, (str, float)), lambda: isinstance(5, (str, float))),
    ("IsTrue", (5,), lambda: True if 5 else False),
    ("BinaryOp", (0, 2**40, 2**40), lambda: 2**40 + 2**40),
])
def test_recursion_limit(name, args, stock):
    """At the very last level, before and after it."""

    def helper():
        return call(name, *args)

    before = sys.getrecursionlimit()
    lowest = 20
    while True:
        try:
            sys.setrecursionlimit(lowest)
            break
        except RecursionError:
            lowest += 1

    def at_limit(limit, function):
        sys.setrecursionlimit(limit)
        try:
            return function()
        except RecursionError as e:
            return str(e)
        finally:
            sys.setrecursionlimit(before)

    sys.setrecursionlimit(before)
    for _ in range(100):
        stock()  # specialized code counts fewer levels, as the helpers do
    # An unspecialized call of call() counts one level itself.
    expected = [at_limit(lowest + i, stock) for i in range(2, 8)]
    assert [at_limit(lowest + i + 1, helper) for i in range(2, 8)] == expected


# --- with


class Manager:
    def __init__(self, log):
        self.log = log

    def __enter__(self):
        self.log.append("enter")
        return "entered"

    def __exit__(self, *args):
        self.log.append(args)
        return "result of exit"

    __aenter__ = __enter__
    __aexit__ = __exit__


class OnlyEnter:
    def __enter__(self):
        pass

    def __aenter__(self):
        pass


class FailingEnter(Manager):
    def __enter__(self):
        raise KeyError("enter")


class InstanceEnter:
    def __init__(self):
        self.__enter__ = self.__exit__ = lambda *args: None


def test_before_with():
    log = []
    value = call("BeforeWith", Manager(log))
    exit_ = call("TakeSecond", NULL, NULL)
    assert value == "entered" and log == ["enter"]
    try:
        raise KeyError(3)
    except KeyError as e:
        assert call("WithExceptStart", exit_, e) == "result of exit"
        assert log[1] == (KeyError, e, e.__traceback__)
        exception = e

    def stock(manager):
        with manager:
            pass

    for manager in OnlyEnter(), FailingEnter([]), InstanceEnter(), 5, None, Raising():
        same(lambda: call("BeforeWith", manager), lambda: stock(manager))

    async def asynchronous(manager):
        async with manager:
            pass

    for manager in OnlyEnter(), InstanceEnter(), 5, None:
        coroutine = asynchronous(manager)
        same(lambda: call("BeforeAsyncWith", manager), lambda: coroutine.send(None))
    value = call("BeforeAsyncWith", Manager(log))
    exit_ = call("TakeSecond", NULL, NULL)
    assert value == "entered" and exit_.__func__ is Manager.__aexit__
    del exception


# --- exceptions


def test_exception_info():
    outer, inner = KeyError("outer"), ValueError("inner")
    before = sys.exc_info()[1]
    saved = call("PushExcInfo", outer)
    assert saved is before and sys.exc_info()[1] is outer
    saved_again = call("PushExcInfo", inner)
    assert saved_again is outer and sys.exc_info()[1] is inner
    call("PopExcept", saved_again)
    assert sys.exc_info()[1] is outer
    call("PopExcept", saved)
    assert sys.exc_info()[1] is before


class BadException(Exception):
    def __new__(cls):
        return 5


class FailingException(Exception):
    def __init__(self):
        raise OSError("while making")


RAISED = [KeyError, KeyError("x"), 5, None, int, "s", BadException, FailingException, Exception(), SystemExit]


def test_raise():
    for exception in RAISED:
        def stock():
            raise exception

        same(lambda: call("RaiseVarargs", exception, NULL), stock)
        for cause in RAISED:
            def stock_cause():
                raise exception from cause

            for e in exception, cause:
                if isinstance(e, BaseException):
                    e.__cause__ = e.__context__ = None
            expected = outcome(stock_cause)
            for e in exception, cause:
                if isinstance(e, BaseException):
                    e.__cause__ = e.__context__ = None
            assert outcome(call, "RaiseVarargs", exception, cause) == expected

    def stock_again():
        raise

    same(lambda: call("RaiseVarargs", NULL, NULL), stock_again)

    def within(function):
        try:
            raise KeyError("handled")
        except KeyError:
            function()

    same(lambda: within(lambda: call("RaiseVarargs", NULL, NULL)), lambda: within(stock_again))
    assert call("RaiseAssertionError") is AssertionError


def test_except_match():
    class Weird(Exception):
        pass

    exceptions = [KeyError("k"), Weird(), SystemExit(1)]
    types_ = [KeyError, LookupError, Exception, (KeyError, OSError), (), (KeyError, 5), 5, None, int, (int,),
              ((KeyError,),), BaseExceptionGroup, "s"]
    for exception, type_ in itertools.product(exceptions, types_):
        def stock():
            try:
                raise exception
            except type_:
                return True
            except BaseException:
                return False

        def helper():
            try:
                raise exception
            except BaseException:
                return call("CheckExcMatch", exception, type_)

        same(helper, stock)


def groups():
    nested = ExceptionGroup("inner", [KeyError("a"), ValueError("b")])
    full = ExceptionGroup("outer", [nested, OSError("c"), KeyError("d")])
    return [KeyError("naked"), full, nested, ExceptionGroup("one", [TypeError("t")]), BaseExceptionGroup("b", [SystemExit(1), KeyError(2)])]


def shape(exception):
    if isinstance(exception, BaseExceptionGroup):
        return (type(exception), exception.message, [shape(e) for e in exception.exceptions],
                exception.__traceback__ is not None, shape(exception.__cause__), shape(exception.__context__),
                getattr(exception, "__notes__", None))
    return type(exception), getattr(exception, "args", None)


@pytest.mark.parametrize("type_", [KeyError, ValueError, (KeyError, OSError), Exception, BaseException, 5, (KeyError, 5),
                                   ExceptionGroup, (KeyError, BaseExceptionGroup), ArithmeticError])
def test_except_star_match(type_):
    for exception in groups():
        def stock():
            seen = []
            try:
                try:
                    raise exception
                except* type_ as match:
                    seen.append(shape(match))
                    assert sys.exc_info()[1] is match
            except BaseExceptionGroup as rest:
                return seen, shape(rest)
            except BaseException as e:
                if e is exception or isinstance(e, KeyError):
                    return seen, "unmatched"
                raise e from None
            return seen, None

        expected = outcome(stock)

        def helper():
            try:
                raise exception
            except BaseException:
                handled = sys.exc_info()[1]
                rest, match = call("CheckEgMatch", exception, type_)
                if match is None:
                    assert rest is exception and sys.exc_info()[1] is handled
                else:
                    assert sys.exc_info()[1] is match
                return rest, match

        if expected[0] == "raised":
            exception.__traceback__ = exception.__context__ = None
            assert outcome(helper)[1][:3] == expected[1][:3]
            continue
        rest, match = helper()
        seen = [shape(match)] if match is not None else []
        assert repr(seen) == repr(stock()[0])


def test_prep_reraise_star():
    """The interpreter's own except* computes the expected results."""

    def scenario(exception, action):
        try:
            try:
                raise exception
            except* KeyError as e:
                action(e)
            except* ValueError as e:
                action(e)
        except BaseException as e:
            return shape(e)
        return None

    def by_helpers(exception, action):
        raised = []
        try:
            raise exception
        except BaseException as original:
            rest = original
            for type_ in KeyError, ValueError:
                rest, match = call("CheckEgMatch", rest, type_) if rest is not None else (None, None)
                if match is None:
                    continue
                try:
                    action(match)
                except BaseException as e:
                    raised.append(e)
            if rest is not None:
                raised.append(rest)
            result = call("PrepReraiseStar", original, raised)
        return None if result is None else shape(result)

    def swallow(e):
        pass

    def again(e):
        raise e

    def another(e):
        raise OSError("new")

    def mixed(e):
        if isinstance(e.exceptions[0], ValueError):
            raise TypeError("new")
        raise

    for index, action in itertools.product(range(5), [swallow, again, another, mixed]):
        left, right = scenario(groups()[index], action), by_helpers(groups()[index], action)
        assert without_context(left) == without_context(right), (index, action)


def without_context(s):
    """The contexts differ, since the clauses above are run by hand."""
    if isinstance(s, tuple) and len(s) == 7:
        return s[0], s[1], [without_context(x) for x in s[2]], s[6]
    return s


def test_reraise():
    try:
        raise KeyError("x")
    except KeyError as e:
        exception = e
    traceback = exception.__traceback__
    try:
        call("Reraise", exception, NULL)
    except KeyError as again:
        assert again is exception and again.__traceback__.tb_next is traceback
    with pytest.raises(SystemError, match="lasti is not an int"):
        call("Reraise", exception, "s")
    assert call("EndAsyncFor", StopAsyncIteration(), None) is None
    with pytest.raises(KeyError):
        call("EndAsyncFor", exception, None)


# --- match


def test_match_kinds():
    for value in VALUES + [collections.deque(), Names(), bytearray()]:
        def stock_mapping():
            match value:
                case {}:
                    return True
            return False

        def stock_sequence():
            match value:
                case [*_]:
                    return True
            return False

        same(lambda: call("MatchMapping", value), stock_mapping)
        same(lambda: call("MatchSequence", value), stock_sequence)


def test_match_keys():
    class K:
        a = "a"
        same = "a"
        bad = []

    subjects = [{"a": 1, "b": 2}, {}, MyDict(), Names(a=1), collections.defaultdict(int), Raising()]
    for subject in subjects[:-1]:
        def stock_two():
            match subject:
                case {"a": x, "b": y}:
                    return x, y

        def stock_duplicate():
            match subject:
                case {"a": x, K.same: y}:
                    return x, y

        def stock_unhashable():
            match subject:
                case {K.bad: x}:
                    return (x,)

        if len(subject) >= 2:
            same(lambda: call("MatchKeys", subject, ("a", "b")), stock_two)
            same(lambda: call("MatchKeys", subject, ("a", "a")), stock_duplicate)
        elif len(subject):
            same(lambda: call("MatchKeys", subject, ([],)), stock_unhashable)
        assert call("MatchKeys", subject, ()) == ()
        assert call("MatchKeys", subject, ("nope",)) is None
    same(lambda: call("MatchKeys", 5, ("a",)), lambda: (5).get)


def test_match_class():
    class Point:
        __match_args__ = ("x", "y")

        def __init__(self):
            self.x, self.y = 1, 2

    class NoArgs:
        x = 5

    class BadArgs:
        __match_args__ = ["x"]

    class BadName:
        __match_args__ = (5,)

    class Duplicate:
        __match_args__ = ("x", "x")
        x = 1

    class FailingArgs(type):
        @property
        def __match_args__(cls):
            raise KeyError("args")

    class Failing(metaclass=FailingArgs):
        @property
        def x(self):
            raise OSError("x")

    class IntChild(int):
        pass

    class_list = [Point, NoArgs, BadArgs, BadName, Duplicate, Failing, int, IntChild, str, dict, 5, None, MyList]
    subjects = [Point(), NoArgs(), BadArgs(), BadName(), Duplicate(), Failing(), 5, IntChild(6), "s", {}, MyList()]
    for subject, C in itertools.product(subjects, class_list):
        patterns = {
            (0, ()): "C()",
            (1, ()): "C(a)",
            (2, ()): "C(a, b)",
            (3, ()): "C(a, b, c)",
            (0, ("x",)): "C(x=a)",
            (1, ("x",)): "C(a, x=b)",
            (1, ("real",)): "C(a, real=b)",
            (0, ("nope",)): "C(nope=a)",
        }
        for (count, names), pattern in patterns.items():
            names_bound = "".join(f"{n}, " for n in "abc"[: count + len(names)])
            namespace = {"C": C, "subject": subject}
            exec(f"def f():\n  match subject:\n    case {pattern}:\n      return ({names_bound})", namespace)
            same(lambda: call("MatchClass", count, subject, C, names), namespace["f"])


# --- generators and coroutines


def test_send_value():
    def generator():
        got = yield 1
        yield got
        return "done"

    class HasSend:
        def __iter__(self):
            return self

        def __next__(self):
            return "next"

        def send(self, value):
            if value == "stop":
                raise StopIteration("returned")
            if value == "stop tuple":
                raise StopIteration((1, 2))
            if value == "fail":
                raise KeyError("send")
            return ("sent", value)

    receiver = generator()
    assert call("SendValue", receiver, None) == 1
    assert call("SendValue", receiver, "x") == "x"
    assert call("SendValue", receiver, None) is NULL
    assert call("TakeSecond", receiver, NULL) == "done"
    assert call("SendValue", receiver, None) is NULL
    assert call("TakeSecond", receiver, NULL) is None
    same(lambda: call("SendValue", generator(), 5), lambda: generator().send(5))
    assert call("SendValue", HasSend(), None) == "next"
    assert call("SendValue", HasSend(), 5) == ("sent", 5)
    assert call("SendValue", HasSend(), "stop") is NULL
    assert call("TakeSecond", NULL, NULL) == "returned"
    assert call("SendValue", HasSend(), "stop tuple") is NULL
    assert call("TakeSecond", NULL, NULL) == (1, 2)
    same(lambda: call("SendValue", HasSend(), "fail"), lambda: HasSend().send("fail"))
    assert call("SendValue", iter([7]), None) == 7
    assert call("SendValue", iter([]), None) is NULL
    assert call("TakeSecond", NULL, NULL) is None
    same(lambda: call("SendValue", iter([7]), 3), lambda: iter([7]).send(3))


def awaitable(result):
    class Awaitable:
        def __await__(self):
            if isinstance(result, Exception):
                raise result
            return result

    return Awaitable()


def test_get_awaitable():
    async def coroutine():
        await suspended()

    @types.coroutine
    def suspended():
        yield "suspended"

    async def awaiting(value):
        return await value

    def plain():
        yield

    for make in (lambda: 5, lambda: None, plain, lambda: awaitable(5), lambda: awaitable(iter([])),
                 lambda: awaitable(KeyError("await")), lambda: awaitable(suspended())):
        def stock():
            runner = awaiting(make())
            try:
                runner.send(None)
            except StopIteration:
                return None

        expected = outcome(stock)
        got = outcome(call, "GetAwaitable", 0, make())
        assert got == expected or (expected[0] == "returned" and got[0] == "returned")

    class Bad:
        def __aenter__(self):
            return 5

        def __aexit__(self, *args):
            return 5

    class BadExit(Bad):
        async def __aenter__(self):
            return 5

    async def with_(manager):
        async with manager:
            pass

    same(lambda: call("GetAwaitable", 1, 5), lambda: with_(Bad()).send(None))
    same(lambda: call("GetAwaitable", 2, 5), lambda: with_(BadExit()).send(None))
    first = coroutine()
    assert call("GetAwaitable", 0, first) is first
    assert first.send(None) == "suspended"
    same(lambda: call("GetAwaitable", 0, first), lambda: awaiting(first).send(None))
    first.close()
    same(lambda: (call("GetAwaitable", 0, first), None)[1], lambda: None)
    generator = suspended()
    assert call("GetAwaitable", 0, generator) is generator


def test_async_iteration():
    class NoNext:
        def __aiter__(self):
            return 5

    class FailingIter:
        def __aiter__(self):
            raise KeyError("aiter")

    class Next:
        def __init__(self, value):
            self.value = value

        def __aiter__(self):
            return self

        def __anext__(self):
            if isinstance(self.value, Exception):
                raise self.value
            return self.value

    async def loop(value):
        async for x in value:
            return x

    async def agen():
        yield 1

    for value in 5, None, NoNext(), FailingIter(), []:
        same(lambda: call("GetAIter", value), lambda: loop(value).send(None))
    for value in 5, None, KeyError("x"), awaitable(5), awaitable(KeyError("await")):
        same(lambda: call("GetANext", Next(value)), lambda: loop(Next(value)).send(None))
    same(lambda: call("GetANext", 5), lambda: (_ for _ in ()).throw(
        TypeError("'async for' requires an iterator with __anext__ method, got int")))
    iterator = agen()
    assert call("GetAIter", iterator) is iterator
    awaited = call("GetANext", iterator)
    with pytest.raises(StopIteration) as stop:
        awaited.send(None)
    assert stop.value.value == 1
    iterator.aclose()


def test_yield_from_iter():
    async def coroutine():
        pass

    def generator():
        yield from value

    for make in coroutine, lambda: 5, lambda: Raising():
        value = make()
        same(lambda: call("GetYieldFromIter", value), lambda: generator().send(None))
        getattr(value, "close", bool)()
    plain = (i for i in [])
    assert call("GetYieldFromIter", plain) is plain
    assert type(call("GetYieldFromIter", [])) is type(iter([]))

    async def inside():
        return call("GetYieldFromIter", value)

    value = coroutine()
    with pytest.raises(StopIteration) as stop:
        inside().send(None)
    assert stop.value.value is value
    value.close()


def test_async_gen_wrap():
    for _ in range(200):
        wrapped = call("AsyncGenWrap", [1])
        assert type(wrapped).__name__ == "async_generator_wrapped_value"
        assert gc.is_tracked(wrapped) and gc.get_referents(wrapped) == [[1]]


# --- imports


def test_import_name():
    assert call("ImportName", "os.path", None, 0) is os
    assert call("ImportName", "os.path", ("join",), 0) is os.path
    same(lambda: call("ImportName", "no_such_module_", None, 0), lambda: __import__("no_such_module_"))
    for level in -1, 1, 2**40:
        expected = outcome(lambda: __import__("x", globals(), None, None, level))
        assert outcome(lambda: call("ImportName", "x", None, level))[1][:2] == expected[1][:2]
    calls = []
    names = {"__builtins__": {"__import__": lambda *args: calls.append(args) or "imported"}, "call": call}
    exec("import a.b\nresult = call('ImportName', 'a.b', None, 0)", names)
    assert names["result"] == "imported" and calls[0][0] == calls[1][0] and calls[0][2:] == calls[1][2:]
    exec("def f():\n    import c\n    call('ImportName', 'c', None, 0)\nf()", names)
    assert calls[2] == calls[3]


def test_import_from(monkeypatch):
    module = types.ModuleType("helper_mod")
    module.present = 1
    monkeypatch.setitem(sys.modules, "helper_mod", module)
    assert call("ImportFrom", module, "present") == 1

    def stock():
        from helper_mod import absent

        return absent

    def both():
        same(lambda: call("ImportFrom", module, "absent"), stock)

    both()
    module.__file__ = "/some/file.py"
    both()
    module.__spec__ = types.SimpleNamespace(_initializing=True)
    both()
    module.__file__ = 5
    both()
    module.__name__ = 5
    both()
    del module.__name__
    both()
    module.__name__ = "helper_mod"
    monkeypatch.setitem(sys.modules, "helper_mod.absent", "submodule")
    both()
    module.__class__ = type("FailingModule", (types.ModuleType,), {"__getattr__": lambda self, name: 1 / 0})
    both()


def test_import_star(monkeypatch):
    def both(module):
        monkeypatch.setitem(sys.modules, "helper_star", module)
        for make in dict, Names:
            namespaces = [make(), make()]
            names = {"call": call, "module": module}
            expected = outcome(exec, "from helper_star import *", names, namespaces[0])
            assert outcome(exec, "call('ImportStar', module)", names, namespaces[1]) == expected
            assert list(namespaces[0].items()) == list(namespaces[1].items())

    module = types.ModuleType("helper_star")
    module.a, module._private = 1, 2
    both(module)
    for all_ in ["a", "_private"], ("a",), ["nope"], [5], 5, Sequence(), ["a", 5]:
        module.__all__ = all_
        both(module)
    module.__name__ = 5
    both(module)
    del module.__all__, module.__name__
    module.__dict__[5] = 6
    both(module)
    both(5)
    both(Quiet())
    both(Slotted())


# --- the rest


def test_print_expr(monkeypatch):
    shown = []
    monkeypatch.setattr(sys, "displayhook", shown.append)
    call("PrintExpr", 5)
    assert shown == [5]
    monkeypatch.setattr(sys, "displayhook", lambda value: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        call("PrintExpr", 5)
    monkeypatch.delattr(sys, "displayhook")
    with pytest.raises(RuntimeError, match="^lost sys.displayhook$"):
        call("PrintExpr", 5)


# --- no helper may lose or keep references


@pytest.mark.parametrize("name, args", [
    ("BuildTuple", ([], [], 1000)),
    ("BuildList", ([], {}, 1000)),
    ("BuildSet", (1000, "abc", 5.5)),
    ("BuildSet", (1000, [])),
    ("BuildMap", ([], "k", {}, "l")),
    ("BuildMap", tuple(itertools.chain.from_iterable(([i], f"k{i}") for i in range(20)))),
    ("BuildConstKeyMap", (("a", "b"), 2000, 1000)),
    ("BuildString", ("abc", "def")),
    ("FormatValue", (0, 5.25, NULL)),
    ("FormatValue", (2, "s", NULL)),
    ("MakeCell", (object(),)),
    ("MakeCell", (NULL,)),
    ("UnicodeAppend", ("abc" * 20, "def" * 20)),
    ("UnpackSequence", (2, [object(), object()])),
    ("UnpackSequence", (2, iter([]))),
    ("UnpackSequence", (2, {1000: 1, 2000: 2, 3000: 3})),
    ("UnpackSequence", (5, {1000: 1, 2000: 2, 3000: 3})),
    ("UnpackEx", (1 | 1 << 8, "abcdef")),
    ("UnpackEx", (4 | 4 << 8, "abcdef")),
    ("Call", (NULL, signature, object())),
    ("Call", (("k",), signature, object(), 5)),
    ("Call", (NULL, Callable().method, object())),
    ("CallMethod", (NULL, signature, object(), 6)),
    ("CallEx", (signature, [object()], Names(a=[]))),
    ("CallEx", (signature, [object()], 5)),
    ("BeforeWith", (FailingEnter(collections.deque(maxlen=0)),)),
    ("BeforeWith", (OnlyEnter(),)),
    ("RaiseVarargs", (KeyError, ValueError)),
    ("RaiseVarargs", (KeyError, 5)),
    ("RaiseVarargs", (BadException, NULL)),
    ("RaiseVarargs", (5, 5)),
    ("MatchKeys", ({"a": [], "b": []}, ("a", "b"))),
    ("MatchKeys", ({"a": [], "b": []}, ("a", "a"))),
    ("MatchKeys", ({"a": [], "b": []}, ("a", "c"))),
    ("MatchClass", (1, 1000, int, ("real",))),
    ("MatchClass", (1, 1000, int, ("nope",))),
    ("MatchClass", (2, 1000, int, ())),
    ("SendValue", (iter([]), [])),
    ("GetAwaitable", (1, object())),
    ("AsyncGenWrap", ([],)),
    ("GetANext", (object(),)),
    ("ImportFrom", (sys, "nope")),
    ("ImportName", ("os", None, 0)),
    ("LoadName", ("nope",)),
    ("LoadGlobal", ("nope_",)),
    ("LoadAttr", (sys, "nope")),
    ("BinaryOp", (0, 2**50, 2**51)),
    ("BinaryOp", (0, "a" * 30, "b" * 30)),
    ("CompareOp", (0, Quiet(), Quiet())),
    ("DictSubscr", ({}, "nope")),
    ("PrepReraiseStar", (ExceptionGroup("e", [KeyError(1)]), [OSError(1), None])),
    ("CheckEgMatch", (KeyError(5), ValueError)),
])
def test_references(name, args):
    def once():
        try:
            call(name, *args)
        except Exception:  # noqa: BLE001
            pass

    counted = [a for a in args if a is not NULL]
    for _ in range(300):
        once()
    gc.collect()
    counts = [sys.getrefcount(a) for a in counted]
    blocks = sys.getallocatedblocks()
    for _ in range(1000):
        once()
    gc.collect()
    assert sys.getallocatedblocks() - blocks < 100
    after = [sys.getrefcount(a) for a in counted]
    assert all(abs(x - y) < 50 for x, y in zip(counts, after)), (counts, after)


def test_group_references():
    group = groups()[1]

    def once():
        before = sys.exc_info()[1]
        saved = call("PushExcInfo", group)
        rest, match = call("CheckEgMatch", group, KeyError)
        call("PrepReraiseStar", group, [match, OSError(5), rest])
        call("PopExcept", saved)
        assert sys.exc_info()[1] is before

    for _ in range(50):
        once()
    gc.collect()
    blocks = sys.getallocatedblocks()
    for _ in range(500):
        once()
    gc.collect()
    assert sys.getallocatedblocks() - blocks < 100
    assert call("CheckEgMatch", None, KeyError) == (None, None)
