# Tracing and profiling that begin in what a loop takes its items from: the loop is traced at once.
import sys
from collections.abc import Callable, Iterator

events = []
begin = None
when = 0


def tracer(frame, event, arg):
    if frame.f_code.co_filename == __file__ and frame.f_code.co_name != "run":
        events.append((frame.f_code.co_name, event, frame.f_lineno - frame.f_code.co_firstlineno))
    return tracer


def profiler(frame, event, arg):
    if frame.f_code.co_filename == __file__ and frame.f_code.co_name != "run":
        events.append((frame.f_code.co_name, event))


def trace():
    frame = sys._getframe(2)
    while frame:
        frame.f_trace = tracer
        frame = frame.f_back
    sys.settrace(tracer)


def profile():
    sys.setprofile(profiler)


def generator(n: int) -> Iterator[int]:
    for i in range(n):
        if i == when and begin:
            begin()
        yield i
    if when == n and begin:
        begin()


class Items:
    def __init__(self, n: int) -> None:
        self.n = n
        self.i = -1

    def __iter__(self) -> "Items":
        return self

    def __next__(self) -> int:
        self.i += 1
        if self.i == when and begin:
            begin()
        if self.i >= self.n:
            raise StopIteration
        return self.i


class Dies:
    def __del__(self) -> None:
        if begin:
            begin()


def plain(items):
    total = 0
    for x in items:
        total += x
        total ^= 1
    return total


def nested(items):
    total = 0
    for i in range(2):
        for x in items:
            if x & 1:
                total += x
    else:
        total += 1
    return total


def tested(items):
    for x in items:
        if x == 1:
            continue
        if x == 30:
            break
    return len("abc")


def comprehended(items):
    return [x + 1 for x in items]


def objects(n):
    for x in [Dies() for _ in range(n)]:
        x = 1
    return x


def run(function: Callable, how: Callable | None, make: Callable, n: int, at: int) -> None:
    global begin, when
    events.clear()
    begin, when = how, at
    result = function(make(n))
    begin = None
    sys.settrace(None)
    sys.setprofile(None)
    frame = sys._getframe()
    while frame:
        frame.f_trace = None
        frame = frame.f_back
    if how:
        print(function.__name__, make.__name__, how.__name__, at, result, events[:40])


for turn in range(3):
    for function in (plain, nested, tested, comprehended):
        for make in (generator, Items):
            for _ in range(100):
                run(function, None, make, 20, 0)
            for how in (trace, profile):
                for at in (0, 3, 20):
                    run(function, how, make, 20, at)
    for how in (None,) * 50 + (trace, profile):
        run(objects, how, int, 4, 0)


# A loop that was entered in its midst, and would run to its end unseen.
def long(n):
    total = 0
    for x in generator(n):
        total += x
        total ^= 1
    return total


for how in (trace, profile):
    run(long, how, int, 60000, 59998)
