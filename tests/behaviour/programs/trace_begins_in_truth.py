# Tracing and profiling that begin in __bool__ and __len__, whatever asks.
import sys

events = []
begin = None


def tracer(frame, event, arg):
    if frame.f_code.co_filename == __file__ and frame.f_code.co_name != "run":
        events.append((frame.f_code.co_name, event, frame.f_lineno - frame.f_code.co_firstlineno))
    return tracer


def opcodes(frame, event, arg):
    frame.f_trace_opcodes = True
    if frame.f_code.co_filename == __file__ and frame.f_code.co_name != "run":
        events.append((frame.f_code.co_name, event, frame.f_lasti))
    return opcodes


def profiler(frame, event, arg):
    if frame.f_code.co_filename == __file__ and frame.f_code.co_name != "run":
        events.append((frame.f_code.co_name, event))


def trace(function=tracer):
    frame = sys._getframe(2)
    while frame:
        frame.f_trace = function
        frame.f_trace_opcodes = function is opcodes
        frame = frame.f_back
    sys.settrace(function)


def trace_opcodes():
    trace(opcodes)


def profile():
    sys.setprofile(profiler)


class Flag:
    def __init__(self, is_true):
        self.is_true = is_true

    def __bool__(self):
        if begin:
            begin()
        return self.is_true


class Sized:
    def __init__(self, is_true):
        self.is_true = is_true

    def __len__(self):
        if begin:
            begin()
        return self.is_true


class Dies(Flag):
    def __bool__(self):
        return self.is_true

    def __del__(self):
        if begin:
            begin()


def use_if(make, is_true):
    if make(is_true):
        x = 1
    else:
        x = 2
    return x


def use_local(make, is_true):
    flag = make(is_true)
    if flag:
        x = 1
    return flag is None


def use_not(make, is_true):
    x = not make(is_true)
    if not make(is_true): x = 2
    return x


def use_and(make, is_true):
    x = (make(is_true) and
         3)
    return x is None


def use_or(make, is_true):
    x = make(is_true) or 3
    return x == 3


def use_both(make, is_true):
    if (make(is_true)
            and make(is_true)
            or make(is_true)):
        return 1
    return 2


def use_while(make, is_true):
    i = 0
    while make(is_true) and i < 2:
        i += 1
    return i


def use_while_not(make, is_true):
    flags = [make(is_true), make(not is_true)]
    while not flags.pop():
        if not flags:
            break
    return len(flags)


def use_assert(make, is_true):
    try:
        assert make(is_true)
    except AssertionError:
        return 1
    return 2


def use_ternary(make, is_true):
    x = 1 if make(is_true) else 2
    return x


def use_filter(make, is_true):
    return [i for i in range(2)
            if make(is_true)]


def run(function, how, make, is_true):
    global begin
    events.clear()
    begin = how
    result = function(make, is_true)
    begin = None
    sys.settrace(None)
    sys.setprofile(None)
    frame = sys._getframe()
    while frame:
        frame.f_trace = None
        frame.f_trace_opcodes = False
        frame = frame.f_back
    if how:
        print(function.__name__, make.__name__, how.__name__, is_true, result, events[:60])


FUNCTIONS = (use_if, use_local, use_not, use_and, use_or, use_both, use_while, use_while_not,
             use_assert, use_ternary, use_filter)
for turn in range(2):
    for function in FUNCTIONS:
        for make in (Flag, Sized, Dies):
            for i in range(60):
                run(function, None, make, i % 2 == 0)
            for how in (trace, trace_opcodes, profile):
                run(function, how, make, True)
                run(function, how, make, False)


# A loop that would run to its end unseen.
def long(n):
    flag = Counted()
    total = 0
    for x in range(n):
        if flag:
            total += x
        total ^= 1
    return total


class Counted:
    n = 0

    def __bool__(self):
        Counted.n += 1
        if Counted.n == 60000:
            trace()
        return True


long(60002)
sys.settrace(None)
print(events)
