# __context__, __cause__, __suppress_context__, bare raise, raise of classes and of nonsense.
import sys
from _repeat import repeat


def describe(e):
    parts = []
    while e is not None:
        parts.append(f"{type(e).__name__}({e})")
        if e.__cause__ is not None:
            parts.append("caused by")
            e = e.__cause__
        elif e.__context__ is not None:
            parts.append("suppressed" if e.__suppress_context__ else "during")
            e = e.__context__
        else:
            break
    return " ".join(parts)


def during():
    try:
        raise ValueError("first")
    except ValueError:
        raise KeyError("second")


def cause():
    try:
        1 / 0
    except ZeroDivisionError as e:
        raise RuntimeError("wrapped") from e


def hide():
    try:
        1 / 0
    except ZeroDivisionError:
        raise RuntimeError("alone") from None


def again():
    try:
        raise OSError("again")
    except OSError:
        try:
            raise TypeError("x")
        except TypeError:
            pass
        raise


def in_finally():
    try:
        raise ValueError("body")
    finally:
        {}["final"]


def nothing():
    raise


def nonsense():
    raise 5


def bad_cause():
    raise ValueError from "text"


def a_class():
    raise StopIteration


def from_class():
    raise ValueError("x") from KeyError


def caught(f):
    try:
        f()
    except BaseException as e:
        return e


def body(out):
    for f in (during, cause, hide, again, in_finally, nothing, nonsense, bad_cause, a_class, from_class):
        out(f.__name__, describe(caught(f)))
    out(sys.exc_info())
    try:
        raise ValueError("seen")
    except ValueError:
        out(sys.exc_info()[1])
        inner = caught(during)
        out(describe(inner.__context__.__context__))
    out(sys.exc_info())


repeat(body)
