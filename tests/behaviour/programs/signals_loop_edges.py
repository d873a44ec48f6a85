# Where an exception from a signal handler is caught when it strikes at a loop edge: the interpreter looks
# for the handler before the loop's first instruction, which need not be inside the `try`.
import signal
import traceback


def handler(number, frame):
    raise KeyboardInterrupt(frame.f_code.co_name)


signal.signal(signal.SIGALRM, handler)


def bare():
    signal.setitimer(signal.ITIMER_REAL, 0.03)
    try:
        while True:
            pass
    except KeyboardInterrupt:
        return "caught"


def counting():
    n = 0
    signal.setitimer(signal.ITIMER_REAL, 0.03)
    try:
        while n >= 0:
            n += 1
    except KeyboardInterrupt as e:
        return "caught", str(e)


def generator():
    try:
        n = 0
        while True:
            n += 1
            if n == -1:
                yield
    except KeyboardInterrupt:
        yield "caught in the generator"


def started():
    g = generator()
    signal.setitimer(signal.ITIMER_REAL, 0.03)
    return next(g)


for function in (bare, counting, started):
    for _ in range(3):
        try:
            print(function.__name__, function())
        except KeyboardInterrupt as e:
            last = traceback.extract_tb(e.__traceback__)[1]
            print(function.__name__, "not caught", last.name, last.lineno, last.line)
