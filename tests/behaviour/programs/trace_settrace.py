# sys.settrace switched on and off around and inside hot code: every event, line and argument is the same.
import sys


def work(n):
    total = 0
    for i in range(n):
        if i % 2:
            total += helper(i)
        else:
            total -= 1
    return total


def helper(x):
    try:
        return 10 // (x - 3)
    except ZeroDivisionError:
        return 0


def gen(n):
    for i in range(n):
        yield i


events = []


def tracer(frame, event, arg):
    if frame.f_code.co_filename != __file__:
        return None
    shown = arg if isinstance(arg, (int, float, str, type(None))) else type(arg).__name__
    events.append((frame.f_code.co_name, event, frame.f_lineno, shown))
    return tracer


for _ in range(200):
    work(10)
sys.settrace(tracer)
work(6)
list(gen(3))
sys.settrace(None)
print(*events, sep="\n")
print(work(10))


def switch_on_inside(n):
    for i in range(n):
        if i == n - 3:
            sys.settrace(tracer)
            sys._getframe().f_trace = tracer
        x = helper(i)
    sys.settrace(None)
    return x


for n in (300, 5):
    events.clear()
    print(switch_on_inside(n))
    print(*events, sep="\n")


def opcodes(frame, event, arg):
    frame.f_trace_opcodes = True
    frame.f_trace_lines = False
    if event == "opcode":
        count[0] += 1
    return opcodes


count = [0]
sys.settrace(opcodes)
work(4)
sys.settrace(None)
print("opcode events", count[0])


def raises(frame, event, arg):
    if event == "line" and frame.f_code.co_name == "helper":
        raise KeyError("from the tracer")
    return raises


sys.settrace(raises)
try:
    work(6)
except KeyError as e:
    print(e, sys.gettrace())


def jump(frame, event, arg):
    if frame.f_code.co_name != "jumps":
        return None
    if event == "line" and frame.f_lineno == first + 2:
        frame.f_lineno = first + 4
    return jump


def jumps():
    x = 1
    x = 2
    x = 3
    return x + 10


first = jumps.__code__.co_firstlineno
for _ in range(100):
    jumps()
sys.settrace(jump)
r = jumps()
sys.settrace(None)
print("jumped", r, jumps())
