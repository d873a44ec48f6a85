# Tracing and profiling that begin and end inside hot loops, in other threads, in handlers of signals.
import cProfile
import pstats
import sys
import threading

events = []


def tracer(frame, event, arg):
    if frame.f_code.co_filename == __file__:
        events.append((frame.f_code.co_name, event, frame.f_lineno - frame.f_code.co_firstlineno))
    return tracer


def begins(n, at, end):
    total = 0
    for i in range(n):
        if i == at:
            sys.settrace(tracer)
            sys._getframe().f_trace = tracer
        total += helper(i)
        if i == end:
            sys.settrace(None)
    return total


def helper(i):
    while i > 10:
        i -= 7
    return i


def profiler(frame, event, arg):
    if frame.f_code.co_filename == __file__:
        events.append((frame.f_code.co_name, event))


def profiled(n):
    total = 0
    for i in range(n):
        if i == n - 3:
            sys.setprofile(profiler)
        total += helper(i % 20)
    sys.setprofile(None)
    return total


def traced_thread():
    def run():
        sys.settrace(tracer)
        helper(20)
        sys.settrace(None)
        helper(20)

    thread = threading.Thread(target=run)
    thread.start()
    while thread.is_alive():
        helper(5)
    thread.join()


for turn in range(3):
    events.clear()
    print(begins(500, 497, 498), events)
    events.clear()
    print(profiled(500), events)
    events.clear()
    traced_thread()
    print(events)

profile = cProfile.Profile()
profile.enable()
begins(400, -1, -1)
profile.disable()
stats = pstats.Stats(profile).stats
print(sorted((key[2], value[0]) for key, value in stats.items() if key[0] == __file__))

code = begins.__code__
print(code == compile("x", "x", "exec"), code == code.replace(), code.replace().co_code == code.co_code)
before = code.co_code
begins(2000, -1, -1)
print(code.co_code == before, code == code.replace(co_name="begins"), hash(code) == hash(code.replace()))
