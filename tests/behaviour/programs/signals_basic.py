# Signals in hot loops: handlers run at once, see the frame, may raise; alarms break endless loops.
import os
import signal
import sys
import time


class Stop(Exception):
    pass


def handler(number, frame):
    names.append(frame.f_code.co_name)
    raise Stop(signal.Signals(number).name)


names = []
signal.signal(signal.SIGALRM, handler)


def endless_while():
    n = 0
    while True:
        n += 1


def endless_for():
    import itertools
    for i in itertools.repeat(0):
        pass


def endless_calls():
    while True:
        step(1)


def step(x):
    return x + 1


def endless_generator():
    def g():
        while True:
            yield 1
    for _ in g():
        pass


def endless_try():
    while True:
        try:
            1 // 0
        except ZeroDivisionError:
            continue


for f in (endless_while, endless_for, endless_calls, endless_generator, endless_try):
    signal.setitimer(signal.ITIMER_REAL, 0.05)
    try:
        f()
    except Stop as e:
        print(f.__name__, e)
print(set(names) <= {"endless_while", "endless_for", "endless_calls", "endless_generator", "endless_try", "g", "step"})
count = 0


def counting(number, frame):
    global count
    count += 1


signal.signal(signal.SIGUSR1, counting)


def kill_loop(n):
    for i in range(n):
        os.kill(os.getpid(), signal.SIGUSR1)
    return count


print(kill_loop(500))
signal.signal(signal.SIGALRM, signal.SIG_DFL)
signal.signal(signal.SIGINT, signal.default_int_handler)
import threading


def interrupt():
    time.sleep(0.05)
    os.kill(os.getpid(), signal.SIGINT)


for attempt in range(3):
    t = threading.Thread(target=interrupt)
    t.start()
    try:
        endless_while()
    except KeyboardInterrupt:
        print("interrupted")
    t.join()
