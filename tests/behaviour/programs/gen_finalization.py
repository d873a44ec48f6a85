# Generators that are dropped half way: finally blocks run, in order, at the right moment; and at exit.
import gc
from _repeat import repeat

log = []


def resource(name):
    log.append(f"open {name}")
    try:
        for i in range(10):
            yield i
    finally:
        log.append(f"close {name}")


def first(g):
    for x in g:
        return x


def nested():
    try:
        yield from resource("inner")
    finally:
        log.append("outer finally")


def waits():
    try:
        yield
    finally:
        try:
            yield "no"
        except GeneratorExit:
            log.append("exit again")


def body(out):
    log.clear()
    first(resource("a"))
    log.append("after a")
    g = nested()
    next(g)
    next(g)
    del g
    log.append("after nested")
    g = resource("b")
    del g
    for x in resource("c"):
        if x == 2:
            break
    log.append("after c")
    out(log)


repeat(body)
import sys
sys.unraisablehook = lambda a: print("unraisable", repr(a.exc_value))
w = waits()
next(w)
del w
print(log[-1])
keep = resource("at exit")
next(keep)
