# NameError, UnboundLocalError, AttributeError and their attributes; deleted names; suggestions.
import builtins
from _repeat import repeat


def missing_global():
    return not_there


def unbound(flag):
    if flag:
        value = 1
    return value


def deleted():
    x = 1
    del x
    return x


def delete_twice():
    x = 1
    del x
    del x


def free(flag):
    def inner():
        return y
    if flag:
        y = 3
    return inner()


def loop_unbound(items):
    for item in items:
        pass
    return item


class Holder:
    value = 1
    __slots__ = ("slot",)


def attempt(f, *args):
    try:
        return f(*args)
    except Exception as e:
        return f"{type(e).__name__}: {e} {getattr(e, 'name', None)}"


def body(out):
    out(attempt(missing_global), attempt(unbound, False), attempt(unbound, True), attempt(deleted), attempt(delete_twice))
    out(attempt(free, False), attempt(free, True), attempt(loop_unbound, []), attempt(loop_unbound, [1]))
    h = Holder()
    out(attempt(lambda: h.slot), attempt(lambda: h.valeu), attempt(lambda: setattr(h, "other", 1)), attempt(lambda: None.x))
    global not_there
    not_there = "now there"
    out(attempt(missing_global))
    del not_there
    out(attempt(missing_global))
    builtins.not_there = "builtin"
    out(attempt(missing_global))
    del builtins.not_there
    try:
        del not_there
    except NameError as e:
        out(e)


repeat(body)
