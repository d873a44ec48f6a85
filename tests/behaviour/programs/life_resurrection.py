# __del__ that resurrects, that looks at the frame, that raises in a hot loop, that runs other code.
import sys
from _repeat import repeat

saved = []
log = []


class Phoenix:
    def __init__(self, n):
        self.n = n

    def __del__(self):
        saved.append(self)


class Looks:
    def __del__(self):
        frame = sys._getframe(1)
        log.append((frame.f_code.co_name, sorted(k for k in frame.f_locals if not k.startswith("_")), frame.f_lineno - frame.f_code.co_firstlineno))


class Changes:
    def __init__(self, target):
        self.target = target

    def __del__(self):
        self.target.append("changed")


def make(n):
    for i in range(n):
        p = Phoenix(i)
    return n


def looked():
    a = 1
    x = Looks()
    b = 2
    x = None
    c = 3
    return a + b + c


def changing():
    target = []
    c = Changes(target)
    n = len(target)
    c = 0
    return n, len(target), target


def body(out):
    saved.clear()
    log.clear()
    make(4)
    out([p.n for p in saved])
    saved.clear()
    looked()
    out(log)
    out(changing())


repeat(body)
