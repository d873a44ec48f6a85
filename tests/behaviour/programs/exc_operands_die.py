# Operands of an operation that fails die in order, before a handler is looked for, at the operation's line.
import operator
import sys


class Witness:
    def __init__(self, tag):
        self.tag = tag

    def __del__(self):
        frame = sys._getframe(1)
        print(self.tag, frame.f_code.co_name, frame.f_lineno - frame.f_code.co_firstlineno, sorted(frame.f_locals))


class Key(Witness):
    def __hash__(self):
        raise TypeError("no hash")


def binary():
    local = 1
    Witness(1) * Witness(2)
    local


def compare():
    Witness(1) < Witness(2)


def contains():
    Witness(1) in Witness(2)


def subscript():
    Witness(1)[Witness(2)]


def store_subscript():
    Witness(1)[Witness(2)] = Witness(3)


def delete_subscript():
    del Witness(1)[Witness(2)]


def slice_of():
    Witness(1)[Witness(2) : Witness(3)]


def store_slice():
    Witness(1)[Witness(2) : Witness(3)] = Witness(4)


def store_attribute():
    operator.attrgetter("a").b = Witness(1)


def key():
    {Key(1): Witness(2)}


def nested():
    return [Witness(0), Witness(1) + Witness(2)]


def handled():
    try:
        Witness(1) - Witness(2)
    except TypeError:
        print("handled")
    finally:
        print("finally")


def twice():
    w = Witness(1)
    w & w


def local_and_temporary():
    w = Witness(1)
    w | Witness(2)


def in_place():
    w = Witness(1)
    w += Witness(2)


def star():
    return [*[Witness(1)], *Witness(2)]


def delegates():
    yield from (Witness(1) // Witness(2) for _ in [0])


FUNCTIONS = [
    binary, compare, contains, subscript, store_subscript, delete_subscript, slice_of, store_slice, store_attribute,
    key, nested, handled, twice, local_and_temporary, in_place, star, lambda: list(delegates()),
]  # fmt: skip
for function in FUNCTIONS * 20:
    try:
        function()
    except Exception as error:
        print(function.__name__, error.__traceback__.tb_next.tb_lineno, error)
