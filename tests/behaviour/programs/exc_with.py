# with: order, suppression, several managers, errors in __enter__ and __exit__, return and break through it.
from contextlib import ExitStack, contextmanager, suppress
from _repeat import repeat

log = []


class Manager:
    def __init__(self, name, swallow=False, fail=None):
        self.name, self.swallow, self.fail = name, swallow, fail

    def __enter__(self):
        log.append(f"+{self.name}")
        if self.fail == "enter":
            raise OSError(f"enter {self.name}")
        return self.name

    def __exit__(self, kind, value, traceback):
        log.append(f"-{self.name}:{kind.__name__ if kind else None}:{traceback is not None}")
        if self.fail == "exit":
            raise RuntimeError(f"exit {self.name}")
        return self.swallow


@contextmanager
def managed(name):
    log.append(f"gen+{name}")
    try:
        yield name
    except KeyError as e:
        log.append(f"gen caught {e}")
    finally:
        log.append(f"gen-{name}")


def early():
    for i in range(5):
        with Manager(i):
            if i == 1:
                continue
            if i == 3:
                return i


def several(fail=None):
    with Manager("a") as a, Manager("b", swallow=True) as b, Manager("c", fail=fail) as c:
        log.append(a + b + c)
        raise ValueError("inside")
    return "after"


def body(out):
    log.clear()
    out(early(), several(), several("exit"), several("enter"))
    with managed("m") as m:
        {}["gone"]
    with suppress(ZeroDivisionError):
        1 / 0
    with ExitStack() as stack:
        for name in "xyz":
            stack.enter_context(Manager(name))
        stack.callback(log.append, "callback")
    try:
        with Manager("p"), Manager("q", fail="enter"):
            pass
    except OSError as e:
        out(e, e.__context__)
    try:
        with Manager("r", fail="exit"):
            raise KeyError("kept as context")
    except RuntimeError as e:
        out(e, repr(e.__context__))
    try:
        with object():
            pass
    except TypeError as e:
        out(e)
    out(" ".join(log))


repeat(body)
