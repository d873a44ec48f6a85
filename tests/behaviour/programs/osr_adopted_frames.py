"""Functions that are called once, by others that the interpreter inlines them into, and loop for longer than
a tick: their frames are taken out of the interpreter's hands in the midst of that."""

import sys
import traceback
import weakref

N = 150_000  # iterations: some ten milliseconds


def call(function, *args):
    return function(*args)


class Dies:
    def __init__(self, name, log):
        self.name, self.log = name, log

    def __del__(self):
        self.log.append(self.name)


def counts(n):
    total = 0
    for i in range(n):
        total += i & 7
    return total


def forever(n):
    i = 0
    while True:  # the head comes right after a store
        i += 1
        if i == n:
            return i, "left"


def raises_in_try(n):
    log = []
    try:
        for i in range(n):
            if i == n - 1:
                raise ValueError(i)
    except ValueError as error:
        log.append(repr(error))
        log.append([entry.lineno - raises_in_try.__code__.co_firstlineno for entry in traceback.extract_tb(error.__traceback__)])
    finally:
        log.append("finally")
    return log


def raises_out(n):
    try:
        for i in range(n):
            if i == n - 1:
                {}[i]
    finally:
        n = "in between"


def handles_inside(n):
    caught = 0
    for i in range(n):
        try:
            if i % 3 == 0:
                raise KeyError(i)
        except KeyError:
            caught += 1
    else:
        caught = -caught
    return caught


class Manager:
    def __init__(self, log):
        self.log = log

    def __enter__(self):
        self.log.append("enter")
        return self

    def __exit__(self, kind, error, trace):
        self.log.append(kind.__name__ if kind else None)
        return True


def in_with(n):
    log = []
    with Manager(log) as manager:
        for i in range(n):
            if i == n - 2:
                raise OSError(i)
    return log, i, manager.log is log


def nested(n):
    total = 0
    for i in range(n // 300):
        k = 0
        while k < 100:
            k += 1
            for c in "abc":
                total += c == "b"
    return total


def with_cells(n):
    total = 0

    def add(k):
        nonlocal total
        total += k

    for i in range(n // 4):
        add(i)
    return total


def shows_locals(n):
    seen = None
    for i in range(n):
        if i == n - 1:
            seen = look()
    return seen, i


def look():
    frame = sys._getframe(1)
    return frame.f_code.co_name, sorted(frame.f_locals), frame.f_lineno - frame.f_code.co_firstlineno, frame.f_back.f_code.co_name


def keeps_frame(n):
    frame = sys._getframe()
    for i in range(n):
        pass
    return frame


def recursive(n, depth):
    total = 0
    for i in range(n):
        total += 1
        if depth and i % (n // 3) == 0:
            total += recursive(n // 3, depth - 1)
    return total


def consumes(n):
    total = 0
    for k in (i * 2 for i in range(n)):
        total += k
    return total


def deaths(n, log):
    first, second = Dies("first", log), Dies("second", log)
    for i in range(n):
        third = i
        if i == n // 2:
            held = [Dies("in a list", log)]
    log.append("end of the loop")
    del first
    return third


def deaths_by_exception(n, log):
    kept = Dies("kept", log)
    for item in [Dies("item", log)]:
        for i in range(n):
            pass
        raise RuntimeError(i)


def starts_tracing(n):
    events = []

    def tracer(frame, event, argument):
        events.append((event, frame.f_code.co_name))
        return None

    for i in range(n):
        if i == n - 3:
            sys.settrace(tracer)
        if i >= n - 2:
            call(len, "abc")
    sys.settrace(None)
    return events


class Meta(type):
    def __pos__(cls):
        return cls.__name__


class Positive(metaclass=Meta):
    pass


class Plain(type):
    pass


def positives(n):
    errors = set()
    for i in range(n // 20):
        for operand in (AssertionError, int, Positive, Plain("P", (), {})):
            try:
                errors.add(str(+operand))
            except TypeError as error:
                errors.add(str(error))
    return sorted(errors)


def executes(n):
    space = {"n": n}
    exec("total = 0\nfor i in range(n):\n    total += i % 5\nclass C:\n    k = 0\n    while k < n:\n        k += 1\n", space)
    return space["total"], space["i"], space["C"].k


def referents(n):
    target = Dies("target", [])
    reference = weakref.ref(target)
    for i in range(n):
        if i == n // 2:
            target = None
    return reference() is None


def turn():
    for function in (counts, forever, raises_in_try, handles_inside, in_with, nested, with_cells, shows_locals, consumes):
        print(function.__name__, call(function, N))
    for function in (starts_tracing, positives, executes, referents):
        print(function.__name__, call(function, N))
    try:
        call(raises_out, N)
    except KeyError as error:
        print([(entry.name, entry.line) for entry in traceback.extract_tb(error.__traceback__)])
    frame = call(keeps_frame, N)
    print(frame.f_locals["i"], frame.f_back.f_code.co_name, frame.f_lineno - frame.f_code.co_firstlineno)
    print(call(recursive, N // 2, 2))
    log = []
    print(call(deaths, N, log), log)
    try:
        call(deaths_by_exception, N, log)
    except RuntimeError as error:
        log.append(repr(error))
        del error
    print(log)


turn()
turn()
