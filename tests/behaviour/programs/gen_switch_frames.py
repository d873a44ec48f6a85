# Frames of suspended generators, read and followed from outside; and a generator moved between threads.
import sys
import threading
from _repeat import repeat


def walker(n):
    state = {"n": n}
    for i in range(n):
        local = i * 10
        yield sys._getframe().f_back.f_code.co_name
    yield "end"


def caller_one(g):
    return next(g)


def caller_two(g):
    return next(g)


def body(out):
    g = walker(5)
    out(caller_one(g), caller_two(g), next(g))
    f = g.gi_frame
    out({k: v for k, v in sorted(f.f_locals.items())}, f.f_back, f.f_lineno - f.f_code.co_firstlineno, f.f_lasti > 0)
    results = []
    t = threading.Thread(target=lambda: results.append(next(g)))
    t.start()
    t.join()
    out(results, list(g))
    out(g.gi_frame, f.f_locals.get("local"))


repeat(body, 30)
