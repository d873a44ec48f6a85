# What a cell held dies at the line that gives it something else, in a frame that shows what it holds by then.
import sys


class Witness:
    def __del__(self):
        frame = sys._getframe(1)
        print(frame.f_code.co_name, frame.f_lineno - frame.f_code.co_firstlineno, sorted(frame.f_locals))


def argument(a):
    a = 1

    def inner():
        return a


def local():
    def inner():
        return a

    a = Witness()
    b = 1
    a = b
    del b
    a = Witness()
    del a


def outer():
    a = Witness()

    def inner():
        nonlocal a
        b = 1
        a = b

    inner()


for _ in range(40):
    argument(Witness())
    local()
    outer()
