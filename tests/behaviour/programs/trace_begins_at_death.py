# Tracing and profiling that begin in the finalizer of what was on the stack alone, whatever took it from there.
import sys

events = []
begin = None


def tracer(frame, event, arg):
    if frame.f_code.co_filename == __file__ and frame.f_code.co_name != "run":
        events.append((frame.f_code.co_name, event, frame.f_lineno - frame.f_code.co_firstlineno))
    return tracer


def profiler(frame, event, arg):
    if frame.f_code.co_filename == __file__ and frame.f_code.co_name != "run":
        events.append((frame.f_code.co_name, event, getattr(arg, "__name__", None)))


def trace():
    sys.settrace(tracer)
    sys._getframe(2).f_trace = tracer


def profile():
    sys.setprofile(profiler)


class Dies:
    def __init__(self):
        self.n = 1

    def __del__(self):
        if begin:
            begin()

    def get(self, value=3):
        return value


class Other(Dies):
    def __init__(self):
        self.more = 2
        self.n = 1


def of_inlined(make):
    make().get(2)
    x = abs(-2)
    y = x
    return y


def of_attribute(make):
    x = make().n
    y = abs(x)
    return y


def of_comparison_with_none(make):
    if make() is None:
        return 1
    y = abs(-3)
    return y


def of_comparison_with_none_in_loop(make):
    i = 3
    while make() is not None and i:
        i -= 1
        y = abs(i)
    return y


def of_filter(make):
    return [abs(i) for i in range(2)
            if make() is not None]


def of_truth_of_list(make):
    if [make()]:
        x = abs(-1)
    y = x
    return y


def of_truth_of_none(make):
    x = make() is None and 2
    y = abs(-1)
    return x, y


def of_and(make):
    x = [make()] and 3
    y = abs(x)
    return y


def of_or(make):
    x = (make() is None or
         3)
    y = abs(x)
    return y


def of_not(make):
    x = not [make()]
    y = abs(x)
    return y


def of_comparison(make):
    x = [make()] == 3
    y = abs(x)
    return y


def of_subscript(make):
    x = (make(), 2)[1]
    y = abs(x)
    return y


def of_list_subscript(make):
    x = [make(), 2][1]
    y = abs(x)
    return y


def of_unpacking(make):
    x, _ = 1, make()
    _ = y = abs(x)
    return y


def of_identity(make):
    x = make() is begin
    y = abs(-1)
    return x, y


def of_class(make):
    x = type(make())
    y = abs(-1)
    return x, y


FUNCTIONS = (of_inlined, of_attribute, of_comparison_with_none, of_comparison_with_none_in_loop, of_filter,
             of_and, of_or, of_not, of_comparison, of_truth_of_list, of_truth_of_none, of_subscript, of_list_subscript, of_unpacking, of_identity, of_class)


def run(function, make, how):
    global begin
    events.clear()
    begin = how
    function(make)
    begin = None
    sys.settrace(None)
    sys.setprofile(None)
    if how:
        print(function.__name__, make.__name__, how.__name__, events[:40])


for function in FUNCTIONS:
    for i in range(200):
        run(function, (Dies, Other)[i % 2], None)
    for make in (Dies, Other):
        for how in (trace, profile):
            run(function, make, how)
