# not-sanitized: AddressSanitizer does not know that stacks are copied
# greenlet: switches in the middle of hot loops, deep frames, exceptions across, frames of a suspended greenlet.
import gc
import sys
from greenlet import GreenletExit, getcurrent, greenlet

log = []


def ping(n):
    total = 0
    for i in range(n):
        total += other.switch(i)
    return total


def pong(x):
    while True:
        x = getcurrent().parent_g.switch(x * 2)


def run(n):
    global other
    a = greenlet(ping)
    other = greenlet(pong)
    other.parent_g = a
    return a.switch(n)


print(run(10), run(1000))


def deep(n, then):
    if n == 0:
        return then()
    r = deep(n - 1, then)
    return r + 1


def suspended():
    g = greenlet(lambda: deep(50, lambda: main.switch("in")))
    main = getcurrent()
    first = g.switch()
    names = []
    f = g.gr_frame
    while f is not None and len(names) < 5:
        names.append(f.f_code.co_name)
        f = f.f_back
    for _ in range(100):
        deep(20, int)
    return first, names, g.switch(100)


for _ in range(30):
    result = suspended()
print(result)


def generator_like(n):
    def producer():
        for i in range(n):
            parent.switch(i)
    parent = getcurrent()
    g = greenlet(producer)
    while True:
        v = g.switch()
        if g.dead:
            return
        yield v


print(sum(generator_like(500)), list(generator_like(5)))


def killed():
    try:
        while True:
            getcurrent().parent.switch()
    except GreenletExit:
        log.append("exit")
        raise
    finally:
        log.append("finally")


for _ in range(5):
    g = greenlet(killed)
    g.switch()
    del g
gc.collect()
print(log)


def thrower():
    for i in range(100):
        try:
            getcurrent().parent.switch(i)
        except KeyError as e:
            log.append(repr(e))


g = greenlet(thrower)
g.switch()
print(g.throw(KeyError("in")), log[-1], g.switch())
many = [greenlet(lambda k=k: sum(getcurrent().parent.switch() or i for i in range(20)) + k) for k in range(50)]
results = {}
while len(results) < 50:
    for k, g in enumerate(many):
        if not g.dead:
            r = g.switch()
            if g.dead:
                results[k] = r
print(sum(results.values()))
try:
    greenlet(lambda: [1 // (3 - i) for i in range(5)]).switch()
except ZeroDivisionError as e:
    print(e)
