# One site that sees many classes and shapes, keys added in different order, dicts that un-share.
classes = [type(f"C{i}", (), {"m": (lambda i: lambda self: i)(i), "k": i * 10}) for i in range(20)]


def use(o):
    return o.m() + o.k + o.v


def shape(order):
    o = classes[0]()
    for name in order:
        setattr(o, name, ord(name))
    return o


def total(o):
    return o.a * 1 + o.b * 1000 + o.c * 1000000


t = 0
for turn in range(100):
    for i, c in enumerate(classes):
        o = c()
        o.v = turn
        if i % 3 == 0:
            o.k = -1
        t += use(o)
print(t)
import itertools
s = 0
for turn in range(30):
    for order in itertools.permutations("abc"):
        o = shape(order)
        if turn % 5 == 4:
            del o.a
            o.a = 1
        s += total(o)
        vars(o)["b"] = 2
        s += total(o)
print(s)


class Growing:
    pass


g = Growing()
for i in range(100):
    setattr(g, f"x{i}", i)
    g.same = i
    g.same += 1
print(sum(v for k, v in vars(g).items()), g.same)


class Super:
    def __init__(self, a):
        self.a = a

    def get(self):
        return self.a


class Sub(Super):
    def __init__(self, a):
        super().__init__(a * 2)
        self.b = a

    def get(self):
        return super().get() + self.b


print(sum(Sub(i).get() for i in range(500)), super(Sub, Sub(1)).get())
