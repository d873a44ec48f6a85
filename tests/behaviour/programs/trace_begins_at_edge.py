# A signal handler that begins to trace at the edge of a loop: the first lines that are seen.
import signal
import sys

events = []


def tracer(frame, event, arg):
    events.append((event, frame.f_lineno - frame.f_code.co_firstlineno))
    if len(events) == 3:
        sys.settrace(None)
        frame.f_trace = None
        done.append(1)
        return None
    return tracer


def handler(signum, frame):
    sys.settrace(tracer)
    frame.f_trace = tracer


signal.signal(signal.SIGALRM, handler)


def numbers():
    n = 0
    for item in range(10**9):
        n += item
        if done:
            return n


def counts():
    i = 0
    while not done:
        i += 1
        i -= 1
    return i


def one_line():
    i = 0
    while not done: i += 1
    return i


def within(items):
    n = 0
    while True:
        for item in items:
            n += item
            n ^= 1
        if done:
            return n


for _ in range(2):
    for function, arguments in (
            (numbers, ()), (counts, ()), (one_line, ()), (within, (list(range(100000)),))):
        done = []
        events.clear()
        signal.setitimer(signal.ITIMER_REAL, 0.1)
        function(*arguments)
        print(function.__name__, events)
