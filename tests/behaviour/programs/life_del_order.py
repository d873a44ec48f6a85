# The moment objects die: overwritten, deleted, at return in order, temporaries, arguments, in loops.
from _repeat import repeat

log = []


class Noisy:
    def __init__(self, name):
        self.name = name

    def __del__(self):
        log.append(f"~{self.name}")

    def __add__(self, other):
        log.append(f"{self.name}+{other.name}")
        return Noisy(self.name + other.name)

    def touch(self):
        log.append(f"touch {self.name}")
        return self

    def __bool__(self):
        return True


def overwrite():
    x = Noisy("a")
    log.append("1")
    x = Noisy("b")
    log.append("2")
    x = None
    log.append("3")


def at_return():
    c = Noisy("c")
    a = Noisy("a")
    b = Noisy("b")
    log.append("returning")
    return 5


def temporaries():
    log.append((Noisy("t1") + Noisy("t2")).touch().name)
    Noisy("t3").touch()
    log.append("after")
    Noisy("left") and log.append("right")


def arguments(x, y):
    log.append("in")
    x = None
    log.append("x gone")
    del y
    log.append("y gone")


def loop():
    for i in range(3):
        n = Noisy(f"loop{i}")
    log.append("end")


def over_list():
    for n in [Noisy("l0"), Noisy("l1")]:
        log.append(f"at {n.name}")
    log.append("list done")


def unpacked():
    a, b = Noisy("u0"), Noisy("u1")
    a, b = b, a
    log.append("swapped")
    a = b = None


def conditional(flag):
    x = Noisy("cond")
    if flag:
        del x
        log.append("deleted")
    else:
        x.touch()
    log.append("out")


def raising():
    x = Noisy("raise")
    raise ValueError(x.name)


def container():
    l = [Noisy("e0"), Noisy("e1")]
    l[0] = Noisy("e2")
    log.append("replaced")
    l.pop()
    log.append("popped")
    d = {"k": Noisy("d0")}
    d["k"] = 1
    t = (Noisy("t"),)
    log.append("end")


def body(out):
    for f in (overwrite, at_return, temporaries, lambda: arguments(Noisy("x"), Noisy("y")), loop, over_list, unpacked,
              lambda: conditional(True), lambda: conditional(False), container):
        log.clear()
        f()
        log.append("back")
        out(" ".join(log))
    log.clear()
    try:
        raising()
    except ValueError as e:
        log.append(f"caught {e}")
    log.append("handled")
    out(" ".join(log))


repeat(body)
