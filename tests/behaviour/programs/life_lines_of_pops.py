# What a statement leaves on the stack dies when it is taken off, which may be in another line than its last use, and
# after something was bound.
import sys

from _repeat import repeat


class Mortal:
    def __init__(self, out):
        self.out = out

    def __del__(self):
        frame = sys._getframe(1)
        self.out("died at", frame.f_lineno - frame.f_code.co_firstlineno, sorted(frame.f_locals))

    def other(self):
        return Mortal(self.out)

    kind = "kind"


def any_case(out):
    match Mortal(out):
        case _:
            pass


def no_case(out):
    match Mortal(out):
        case None if out:
            pass


def one_of_two(out):
    match Mortal(out):
        case int():
            pass
        case Mortal():
            out("matched")
        case _:
            pass


def bound(out):
    match Mortal(out):
        case Mortal(kind=a):
            out(a)
        case None:
            pass


def bound_in_sequence(out):
    match [Mortal(out), 1, 2]:
        case [_, 1, a]:
            out(a)
        case None:
            pass


class Endless(Mortal):
    def __iter__(self):
        return self

    def __next__(self):
        return 1


def returned_from_loop(out):
    for item in Endless(out):
        found = item
        return found


def left_by_loop(out):
    for item in Endless(out):
        found = item
        break
    return found


def compared(out):
    return (
        Mortal(out)
        is (named := out),
        named,
    )


def chained(out):
    (
        Mortal(out)
        .other()
        .other()
    )


def returned(out):
    for item in (
        Mortal(out) for _ in range(2)
    ):
        if item:
            return item


def body(out):
    for function in (any_case, no_case, one_of_two, bound, bound_in_sequence, returned_from_loop, left_by_loop, compared, chained, returned):
        out(function.__name__)
        function(out)


repeat(body)
