# Generators: send, throw, close, return values, yield from, state attributes, resumption in either tier.
import inspect
from _repeat import repeat


def counter(n):
    for i in range(n):
        got = yield i
        if got:
            yield ("got", got)
    return "done"


def delegating(n):
    result = yield from counter(n)
    yield ("result", result)
    return result


def catching():
    while True:
        try:
            yield "ready"
        except ValueError as e:
            yield f"caught {e}"
        except GeneratorExit:
            log.append("closing")
            raise
        finally:
            log.append("finally")


def stubborn():
    try:
        yield 1
    except GeneratorExit:
        yield 2


def raising(n):
    for i in range(n):
        if i == 2:
            raise KeyError(i)
        yield i


def stops():
    yield 1
    raise StopIteration("not allowed")


log = []


def finish(g):
    out = []
    while True:
        try:
            out.append(next(g))
        except StopIteration as e:
            return out, e.value


def body(out):
    log.clear()
    out(finish(counter(3)), finish(delegating(2)))
    g = counter(3)
    out(next(g), g.send("a"), next(g), g.gi_frame.f_lineno - g.gi_code.co_firstlineno, inspect.getgeneratorstate(g), g.gi_running, g.gi_yieldfrom)
    g = catching()
    out(next(g), g.throw(ValueError("v")), next(g))
    g.close()
    out(log, g.gi_frame)
    for bad in (lambda: stubborn(), lambda: stops(), lambda: raising(5)):
        g = bad()
        try:
            for i, x in enumerate(g):
                if i == 0 and bad() is not g and g.gi_code.co_name == "stubborn":
                    g.close()
        except Exception as e:
            out(type(e).__name__, e, repr(e.__cause__))
    g = counter(3)
    for attempt in (lambda: g.send(1), lambda: g.throw(OSError("early")), lambda: next(g)):
        try:
            attempt()
        except BaseException as e:
            out(type(e).__name__, e)
    d = delegating(3)
    out(next(d), d.gi_yieldfrom.__name__, d.send("through"))
    try:
        d.throw(KeyError("through"))
    except KeyError as e:
        out("thrown", e)
    def self_running():
        yield next(me)
    me = self_running()
    try:
        next(me)
    except ValueError as e:
        out(e)


repeat(body)
