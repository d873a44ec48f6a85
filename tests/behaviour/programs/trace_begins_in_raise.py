# Tracing and profiling that begin in what raises: the exception and the line of its handler are seen.
import sys

events = []
begin = None


def tracer(frame, event, arg):
    if frame.f_code.co_filename == __file__ and frame.f_code.co_name not in ("run", "drive"):
        what = arg[0].__name__ if event == "exception" else None
        events.append((frame.f_code.co_name, event, frame.f_lineno - frame.f_code.co_firstlineno,
                       what))
    return tracer


def profiler(frame, event, arg):
    if frame.f_code.co_filename == __file__ and frame.f_code.co_name not in ("run", "drive"):
        events.append((frame.f_code.co_name, event))


def trace():
    frame = sys._getframe(2)
    while frame:
        frame.f_trace = tracer
        frame = frame.f_back
    sys.settrace(tracer)


def profile():
    sys.setprofile(profiler)


def fails():
    if begin:
        begin()
    raise ValueError


class Manager:
    def __enter__(self):
        return self

    def __exit__(self, *what):
        return True


class Less:
    def __lt__(self, other):
        fails()


class Anext:
    def __init__(self):
        self.n = 0

    def __aiter__(self):
        return self

    async def __anext__(self):
        self.n += 1
        if self.n == 3:
            if begin:
                begin()
            raise StopAsyncIteration
        return self.n


def in_with():
    with Manager():
        x = 1
        fails()
    return 2


def in_try():
    try:
        fails()
    except (KeyError,
            ValueError):
        return 1
    return 2


def one_line():
    try: fails()
    except ValueError: return 1


def at_last():
    try:
        try:
            x = fails()
        finally:
            y = 2
    except ValueError as error:
        z = error.args
    return y, z


def in_loop():
    for i in range(3):
        try:
            fails()
        except ValueError:
            continue
    return i


def at_edge():
    less = Less()
    x = 0
    try:
        while True:
            x += 1
            while less < 1:
                x += 2
    except ValueError:
        return x


def leaves():
    return fails()


def catches():
    try:
        leaves()
    except ValueError as error:
        lines = []
        traceback = error.__traceback__
        while traceback:
            lines.append(traceback.tb_lineno - traceback.tb_frame.f_code.co_firstlineno)
            traceback = traceback.tb_next
        return lines


def generator():
    try:
        yield 1
    except ValueError:
        yield fails2()


def fails2():
    return 5


def thrown():
    g = generator()
    next(g)
    try:
        fails()
    except ValueError as error:
        return g.throw(error)


async def loops():
    async for i in Anext():
        x = 1
    async for i in Anext():
        x = 2
    return x


def awaits():
    try:
        loops().send(None)
    except StopIteration as stop:
        return stop.value


def run(function, how):
    global begin
    events.clear()
    begin = how
    result = function()
    begin = None
    sys.settrace(None)
    sys.setprofile(None)
    frame = sys._getframe()
    while frame:
        frame.f_trace = None
        frame = frame.f_back
    if how:
        print(function.__name__, how.__name__, result, events[:60])


for turn in range(3):
    for function in (in_with, in_try, one_line, at_last, in_loop, at_edge, catches, thrown, awaits):
        for how in (None,) * 100 + (trace, profile):
            run(function, how)
