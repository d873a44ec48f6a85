# What a statement leaves on the stack dies at the line at which it is taken off, which may be another than that of its last use.
import sys

from _repeat import repeat


class Mortal:
    def __init__(self, out):
        self.out = out

    def __del__(self):
        self.out("died at", sys._getframe(1).f_lineno - sys._getframe(1).f_code.co_firstlineno)

    def other(self):
        return Mortal(self.out)


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
    for function in (any_case, no_case, one_of_two, chained, returned):
        out(function.__name__)
        function(out)


repeat(body)
