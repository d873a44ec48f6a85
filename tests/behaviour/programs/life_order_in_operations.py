# The order in which operands die of operations that let go of some of them early: calls with stars, displays, slices,
# unpacking that fails, formatted strings, async for.
import asyncio


class Mortal:
    def __init__(self, k):
        self.k = k

    def __hash__(self):
        print(f"h{self.k}", end=" ")
        return 1

    def __eq__(self, other):
        print(f"e{self.k}{other.k}", end=" ")
        return True

    def __str__(self):
        return f"s{self.k}"

    def __format__(self, spec):
        print(f"f{self.k}", end=" ")
        return f"<{self.k}{spec}>"

    def __del__(self):
        print(f"d{self.k}", end=" ")


A = Mortal


class Pieces(str):
    def __del__(self):
        print(f"d{str(self)}", end=" ")


class Made:
    def __init__(self, piece):
        self.piece = piece

    def __format__(self, spec):
        return Pieces(self.piece)


class Iterable:
    def __init__(self, n):
        self.n = n

    def __iter__(self):
        return Iterator(self.n)

    def __del__(self):
        print("iterable", end=" ")


class Iterator:
    def __init__(self, n):
        self.n, self.i = n, 0

    def __iter__(self):
        return self

    def __next__(self):
        if self.i == self.n:
            raise StopIteration
        self.i += 1
        return A(self.i)

    def __del__(self):
        print("iterator", end=" ")


class Keywords:
    def keys(self):
        return ["key"]

    def __getitem__(self, key):
        return A(9)

    def __del__(self):
        print("mapping", end=" ")


class Container:
    def __getitem__(self, key):
        print(type(key).__name__, end=" ")

    __setitem__ = __delitem__ = lambda self, key, value=None: print("set", end=" ")

    def __del__(self):
        print("container", end=" ")


class Callable:
    def __call__(self, *args, **keywords):
        print("body", end=" ")

    def __del__(self):
        print("callable", end=" ")


def body(*args, **keywords):
    print("body", end=" ")


def star_call():
    body(*Iterable(2))


def star_calls_of_object():
    Callable()(*Iterable(1), **Keywords())


def star_call_mapping():
    body(*Iterable(1), **Keywords())


def star_call_of_no_mapping():
    Callable()(*Iterable(1), **A(3))


def star_call_of_no_iterable():
    Callable()(*A(1))


def equal_set():
    {A(1), A(2), A(3)}


def failing_set():
    {A(1), A(2), [], A(3)}


def equal_keys():
    {A(1): A(4), A(2): A(5), A(3): A(6)}


def failing_map():
    {A(1): A(4), Container: A(2), [A(3)]: A(5)}


def constant_keys():
    {"a": A(1), "b": A(2), "a": A(3), "b": A(4)}


def slices():
    Container()[A(1) : A(2) : A(3)]
    Container()[A(1) : A(2)]


def slice_of_list():
    [1, 2, 3][A(1) : A(2) : A(3)]


def stored_slice():
    Container()[A(1) : A(2) : A(3)] = A(4)


def formatted():
    f"{A(1)!s:{A(2)}} {A(3)} {A(4)!r:>3}"


def joined():
    f"{Made('x')}-{Made('y')}-{Made('z')}"


def unpacked_few():
    a, b, c = Iterable(2)


def unpacked_many():
    a, b = Iterable(3)


def unpacked_well():
    a, b = Iterable(2)


def unpacked_star_few():
    a, b, *c, d = Iterable(2)


def unpacked_star():
    a, *b, c = Iterable(4)


class AsyncIterator:
    def __aiter__(self):
        return self

    async def __anext__(self):
        raise Stop

    def __del__(self):
        print("async iterator", end=" ")


class Stop(StopAsyncIteration):
    def __del__(self):
        print("stop", end=" ")


def ended_loop():
    async def loop():
        async for x in AsyncIterator():
            pass

    asyncio.run(loop())


operations = [value for value in [*globals().values()] if getattr(value, "__code__", None) and value is not body]
for operation in operations:
    for turn in range(30 if operation is not ended_loop else 3):
        print(operation.__name__, end=": ")
        try:
            operation()
        except (TypeError, ValueError) as error:
            print(type(error).__name__, str(error).split(".")[0][:40], end=" ")
            del error
        print()
