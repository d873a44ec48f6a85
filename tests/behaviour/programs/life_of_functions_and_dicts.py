# Functions made in loops and called at once, dicts and cells that die: what is freed with them sees the frame as it is.
import sys
import weakref

from _repeat import repeat


class Dies:
    def __init__(self, out, name):
        self.out = out
        self.name = name

    def __del__(self):
        caller = sys._getframe(1)
        self.out(self.name, caller.f_code.co_name, sorted(k for k, v in caller.f_locals.items() if type(v) is int))


class Name(str):
    def __del__(self):
        seen.append(str(self))


seen = []


def comprehensions(n, offset):
    total = 0
    for i in range(n):
        total += sum([x + offset for x in range(i)])
        total += len({x: i for x in range(3)})
        total += sum(x * i for x in range(3))
        total += len({x & 1 for x in range(i)})
        total += (lambda a: a + i)(offset)
    return total, i


def closure(out, n):
    for i in range(n):
        held = Dies(out, i) if i % 20 == 19 else i
        function = lambda: held
        function()
        del held
        inner = i
        function = None
        del inner
    return i


def defaults(out, n):
    for i in range(n):
        function = lambda a=Dies(out, ("default", i)) if i % 20 == 19 else None: a
        inner = i
        function()
        function = None
    return i


def attributes(out, n):
    for i in range(n):
        function = lambda: i
        if i % 20 == 19:
            function.__doc__ = Dies(out, "doc")
            function.other = Dies(out, "dict")
            function.__name__ = Name("name%d" % i)
        if i % 20 == 9:
            reference = weakref.ref(function, lambda r: out("callback", sys._getframe(1).f_code.co_name))
        inner = i
        function = None
        del inner
    return i


def dicts(out, n):
    for i in range(n):
        made = {i: i, "key": [i]}
        if i % 20 == 19:
            made["dies"] = Dies(out, "value")
        if i % 20 == 18:
            twice = Dies(out, "twice")
            made[1] = made[2] = twice
            del twice
        if i % 20 == 17:
            made[(1, Dies(out, "key"))] = 1
        if i % 20 == 16:
            made.update((k, Dies(out, k)) if k == 50 else (k, k) for k in range(60))
        inner = i
        made = None
        del inner
    return i


def errors(n):
    names = []
    for i in range(n):
        try:
            [1 // (x - i) for x in range(30)]
        except ZeroDivisionError as e:
            names.append((e.__traceback__.tb_next.tb_frame.f_code.co_name, e.__traceback__.tb_next.tb_frame.f_locals["x"]))
    return names[::10]


def appends(out, n):
    made = []
    for i in range(n):
        made.append(i + 1000)
        made.append(Dies(out, "item") if i == n - 1 else None)
        if i % 20 == 19:
            made.clear()
    return len(made), made[-2:]


def body(out):
    out(comprehensions(40, 3))
    for function in (closure, defaults, attributes, dicts):
        out(function.__name__, function(out, 60))
    out(seen[-1:])
    out(errors(40))
    out(appends(out, 45)[0])


repeat(body)
