# What a statement leaves on the stack dies when it is taken off, which may be in another line than its last use, and
# after something was bound.
import sys

from _repeat import repeat


class Mortal:
    def __init__(self, out, name="it"):
        self.out = out
        self.name = name

    def __del__(self):
        frame = sys._getframe(1)
        self.out(self.name, "died at", frame.f_lineno - frame.f_code.co_firstlineno, sorted(frame.f_locals))

    def __call__(self, *arguments):
        return arguments[0]

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


def called(out):
    return Mortal(out, "callable")(
        1, Mortal(out, "argument"), Mortal(out, "last")
    )


class False_(Mortal):
    def __bool__(self):
        return False


def one_or_other(out):
    return (
        False_(out)
        or None,
        True
        and False_(out)
        or None,
    )


def negated(out):
    return (
        not
        [out,
         Mortal(out)]
    )


def tested(out):
    return (
        1 if (
            out,
            Mortal(out),
        ) else 2
    )


def quiet_local(out):
    for i in range(3):
        same = Mortal(out) is out
    return same


class Endless(Mortal):
    def __iter__(self):
        return self

    def __next__(self):
        return 1


def returned_from_loop(out):
    for item in Endless(out):
        found = item
        return found


def returned_from_loops(out):
    for item in Endless(out, "outer"):
        for other in Endless(out, "inner"):
            return [item, other]


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
    for function in (
        any_case, no_case, one_of_two, bound, bound_in_sequence, called, one_or_other, negated,
        tested, quiet_local, returned_from_loop, returned_from_loops, left_by_loop, compared, chained, returned,
    ):
        out(function.__name__)
        function(out)


repeat(body)
