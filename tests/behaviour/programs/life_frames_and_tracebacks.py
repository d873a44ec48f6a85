# What a traceback and a frame keep alive, and what f_locals of a finished frame shows.
import sys
import weakref
from _repeat import repeat


class Thing:
    pass


def fail(value):
    t = Thing()
    fail.ref = weakref.ref(t)
    number = value * 2
    raise ValueError("x")


def catch():
    try:
        fail(21)
    except ValueError as e:
        frame = e.__traceback__.tb_next.tb_frame
        alive = fail.ref() is not None
        values = frame.f_locals["number"], frame.f_locals["value"], type(frame.f_locals["t"]).__name__
        del frame
    return alive, values, fail.ref() is None


def keep():
    secret = [1, 2, 3]
    ref = weakref.ref(Thing.holder)
    return sys._getframe()


def body(out):
    out(catch())
    Thing.holder = h = type("H", (), {})()
    frame = keep()
    out(frame.f_locals["secret"], frame.f_code.co_name, frame.f_lineno - frame.f_code.co_firstlineno)
    frame.clear()
    out(frame.f_locals)
    try:
        sys._getframe().clear()
    except RuntimeError as e:
        out(e)


repeat(body)
