# A signal handler that begins to trace, in the midst of a loop: the loop is traced from then on.
import signal
import sys

events = []


def tracer(frame, event, arg):
    if frame.f_code.co_filename == __file__ and frame.f_code.co_name != "handler":
        events.append((frame.f_code.co_name, event, frame.f_lineno - frame.f_code.co_firstlineno))
        if len(events) >= 12:
            sys.settrace(None)
            done.append(1)
    return tracer


def handler(signum, frame):
    sys.settrace(tracer)
    frame.f_trace = tracer


signal.signal(signal.SIGALRM, handler)


def loop():
    i = 0
    while not done:
        i += 1
        i -= 1
    return i


def two_lines(items):
    n = 0
    while True:
        for item in items:
            n += item
            if done:
                return n


def calls():
    while not done:
        helper(1)


def helper(n):
    n += 1
    return n


for function, arguments in ((loop, ()), (two_lines, ([1, 0],)), (calls, ())) * 2:
    done = []
    events.clear()
    signal.setitimer(signal.ITIMER_REAL, 0.1)
    function(*arguments)
    print(function.__name__, len(events))  # where the signal comes is not to be foretold
