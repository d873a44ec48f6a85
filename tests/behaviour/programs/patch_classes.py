# Methods, class attributes, bases, __class__, properties and slots changed under hot code.
class A:
    attribute = "class"

    def method(self):
        return "A.method"

    def caller(self):
        return self.method(), self.attribute


class B:
    attribute = "B class"

    def method(self):
        return "B.method"

    def caller(self):
        return "B caller", self.method(), self.attribute


def call(o):
    return o.caller()


def read(o):
    return o.attribute


changes = []


def note(i, r):
    if not changes or changes[-1][1] != r:
        changes.append((i, r))


a = A()
for i in range(600):
    if i == 100:
        A.method = lambda self: "replaced"
    if i == 150:
        a.method = lambda: "on instance"
    if i == 200:
        del a.method
    if i == 250:
        A.attribute = property(lambda self: "property")
    if i == 300:
        A.attribute = "plain again"
        a.attribute = "instance"
    if i == 350:
        a.__class__ = B
    if i == 400:
        a.__dict__ = {"attribute": "new dict"}
    if i == 450:
        del a.attribute
    if i == 500:
        del B.attribute
        B.__getattr__ = lambda self, name: f"getattr {name}"
    if i == 550:
        a.__class__ = A
        A.__getattribute__ = lambda self, name: object.__getattribute__(self, name) if name != "attribute" else "intercepted"
    note(i, (call(a), read(a)))
print(*changes, sep="\n")


class Base1:
    def who(self):
        return "base1"


class Base2:
    def who(self):
        return "base2"


class Child(Base1):
    def ask(self):
        return self.who(), super().who()


c = Child()
seen = []
for i in range(300):
    if i == 100:
        Child.__bases__ = (Base2,)
    if i == 200:
        Base2.who = lambda self: "patched base2"
    r = c.ask()
    if not seen or seen[-1] != r:
        seen.append(r)
print(seen)


class Slots:
    __slots__ = ("x", "y")

    def sum(self):
        return self.x + self.y


s = Slots()
for i in range(200):
    s.x, s.y = i, 0.5 if i > 100 else 1
    total = s.sum()
print(total)
del s.x
try:
    s.sum()
except AttributeError as e:
    print(e)
Slots.sum = Slots.__dict__["y"]
print(s.sum)
