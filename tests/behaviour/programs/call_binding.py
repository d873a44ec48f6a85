# Calls whose arguments become parameters when the call is compiled: by keyword, and from defaults, which change.
import sys
from _repeat import repeat

log = []


class Noisy:
    def __init__(self, name):
        self.name = name

    def __repr__(self):
        return self.name

    def __del__(self):
        log.append("~" + self.name)


def put(key, value=None, *, where="here"):
    return key, value, where


def three(a, b=2, c=[]):  # noqa: B006
    return a, b, c


def only(a, /, b=5, *, c):
    return a, b, c


def number(a, by=1):
    return a + by


def recursive(n, so_far=0, step=2):
    return so_far if n == 0 else recursive(n - 1, step=step, so_far=so_far + step)


def counting(n, start=0):
    for i in range(start, start + n):
        yield i


def shows(a, b=7, *, c):
    frame = sys._getframe()
    return sorted(frame.f_locals.items(), key=lambda item: item[0] * 2)[:3], frame.f_lineno - frame.f_code.co_firstlineno


class Point:
    def __init__(self, x, y=0, label="p"):
        self.x = x
        self.y = y
        self.label = label

    def moved(self, dx=0, dy=0):
        return Point(self.x + dx, y=self.y + dy, label=self.label)

    def scaled(self, by, *, about=None):
        return (self.x * by, self.y * by, about)


class Refuses:
    def __init__(self, x, y=1):
        return x  # noqa: PLE0101


def calls(out):
    total = 0
    point = Point(1)
    for i in range(40):
        put(i)
        put(i, i)
        put(i, where=i)
        put(value=i, key=3)
        put(where=1, value=2, key=3)
        three(i)[2].append(i)
        three(b=i, a=1)
        only(i, c=i)
        only(1, 2, c=i)
        only(1, c=i, b=3)
        total += number(i) + number(by=i, a=2) + number(i, by=i)
        point = point.moved(dy=i).moved(1)
        point.scaled(2)
        point.scaled(by=2, about=point)
        recursive(3)
        sum(counting(3)), sum(counting(start=2, n=2))
    out(total, point.x, point.y, point.label, len(three(0)[2]), three.__defaults__[0])
    three(0)[2].clear()
    out(put(1), put(1, 2), put(where=1, value=2, key=3), only(1, c=2), only(1, 2, c=3), point.scaled(by=3, about=4), recursive(5, step=3))
    out(list(counting(2)), list(counting(start=5, n=3)), shows(1, c=2), shows(c=1, a=2))


def order(out):
    def arg(name):
        log.append(name)
        return name

    for _ in range(20):
        put(value=arg("value"), key=arg("key"), where=arg("where"))
        Point(arg("x"), label=arg("label"), y=arg("y"))
    out(log)
    log.clear()


def errors(out):
    def attempt(what):
        try:
            what()
        except TypeError as error:
            out(error)

    for _ in range(5):
        attempt(lambda: put())
        attempt(lambda: put(1, key=2))
        attempt(lambda: put(1, 2, 3))
        attempt(lambda: put(1, whom=2))
        attempt(lambda: only(a=1, c=2))
        attempt(lambda: only(1, 2))
        attempt(lambda: only(1, 2, 3, c=4))
        attempt(lambda: Point())
        attempt(lambda: Point(y=1))
        attempt(lambda: Point(1, z=1))
        attempt(lambda: Refuses(5, y=2))
        attempt(lambda: Refuses(5))
        attempt(lambda: number("a"))


def changing(out):
    """Defaults, keyword defaults and code are replaced under running loops."""
    def f(a, b=1, *, c=2):
        return a, b, c

    def g(b, a, *, c):
        return "g", b, a, c

    class D:
        def __init__(self, a, b=3):
            self.value = a, b

    code, init = f.__code__, D.__init__
    for turn in range(60):
        if turn == 20:
            f.__defaults__ = (10,)
            D.__init__.__defaults__ = ("new",)
        if turn == 30:
            f.__kwdefaults__["c"] = 20
        if turn == 35:
            f.__kwdefaults__ = {"c": 30}
            D.__init__.__defaults__ = (D, 6)
        if turn == 40:
            f.__code__ = g.__code__
            D.__init__ = lambda self, b, a=4: setattr(self, "value", ("lambda", b, a))
        if turn == 50:
            f.__code__ = code
            f.__defaults__ = None
            D.__init__ = init
        results = []
        for _ in range(15):
            for call in (lambda: f(1), lambda: f(1, b=turn), lambda: f(1, c=3), lambda: f(b=1, a=turn, c=4), lambda: D(1).value, lambda: D(a=1, b=2).value):
                try:
                    result = call()
                except TypeError as error:
                    result = str(error)
            results.append(result)
        try:
            results.append(f(1, c=5))
        except TypeError as error:
            results.append(str(error))
        results.append(D(turn).value if turn < 35 or turn > 50 else D(b=1).value if turn >= 40 else D().value)
        out(results[-3:])


def replaced_inside(out):
    """The only reference to a default is given up while the call that uses it runs, or before."""
    def f(drop, value=Noisy("first")):
        if drop:
            f.__defaults__ = (Noisy("second" + str(drop)),)
            log.append("replaced")
        return repr(value)

    def outer(drop):
        result = f(drop)
        log.append("returned")
        return result, f(0)

    for turn in range(50):
        outer(0)
        if turn % 10 == 9:
            out(outer(turn), log)
            log.clear()
    del f.__defaults__
    out(log)
    log.clear()


def arguments_die(out):
    def f(a, b=None, *, c=None):
        del a
        log.append("a is gone")
        b = None
        log.append("b is gone")
        return c

    for turn in range(40):
        f(Noisy("a"), c=Noisy("c"), b=Noisy("b"))
        log.append("--")
        f(b=Noisy("b"), a=Noisy("a"))
    out(log[-12:], len(log))
    log.clear()


def init_changes_while_the_instance_is_made(out):
    import gc

    class Victim:
        def __init__(self, a, b=1):
            self.value = "old", a, b

    def other(self, b, a=2):
        self.value = "new", a, b

    class Cycle:
        def __del__(self):
            Victim.__init__.__code__ = other.__code__

    old = Victim.__init__.__code__
    threshold = gc.get_threshold()
    values = set()
    for _ in range(30):
        Victim.__init__.__code__ = old
        for _ in range(10):
            Victim(1)
            Victim(b=1, a=2)
        cycle = Cycle()
        cycle.self = cycle
        del cycle
        gc.set_threshold(1)
        one, two = Victim(5), Victim(a=6, b=7)
        gc.set_threshold(*threshold)
        values |= {one.value, two.value}
    out(all(v[0] in ("old", "new") for v in values), all(sorted(v[1:]) in ([1, 5], [2, 5], [6, 7]) for v in values))


for body in (calls, order, errors, changing, replaced_inside, arguments_die, init_changes_while_the_instance_is_made):
    repeat(body, 25)
