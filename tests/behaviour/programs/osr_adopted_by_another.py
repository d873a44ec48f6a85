"""A frame that was found in a loop leaves it by an exception from a signal handler, and another one of the same code, seen
by us, comes by the head of that loop. The loop is so short that its end would be overwritten, too."""

import signal
from itertools import repeat


def nothing():
    pass


def handler(number, frame):
    total = 0
    for k in range(100_000):
        total += k
    nothing()
    raise TimeoutError


def loops(items, interrupts):
    if interrupts:
        try:
            signal.setitimer(signal.ITIMER_REAL, 0.002)
            loops(repeat(0), False)
        except TimeoutError:
            pass
    for item in items:
        pass
    return [item]


def main():
    signal.signal(signal.SIGALRM, handler)
    total = 0
    for k in range(60):
        total += sum(map(len, map(loops, (repeat(1, 2 + k % 4),), (True,))))
    signal.setitimer(signal.ITIMER_REAL, 0)
    print(total)


list(map(lambda function: function(), [main]))
