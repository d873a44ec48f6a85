# Attribute access of every kind in one place each, polymorphic sites, and descriptors of all sorts.
from _repeat import repeat


class Data:
    def __set_name__(self, owner, name):
        self.name = "_" + name

    def __get__(self, o, owner):
        return ("data", o is None, getattr(o, self.name, "unset") if o is not None else None)

    def __set__(self, o, value):
        setattr(o, self.name, value)

    def __delete__(self, o):
        delattr(o, self.name)


class NonData:
    def __get__(self, o, owner):
        return "non-data"


class Full:
    data = Data()
    nondata = NonData()
    plain = 1

    def __init__(self):
        self.instance = 2

    @property
    def prop(self):
        return self.instance + 1

    @prop.setter
    def prop(self, v):
        self.instance = v

    def method(self):
        return self.instance


class Slotted:
    __slots__ = ("instance", "method", "prop", "plain", "data", "nondata")

    def __init__(self):
        self.instance, self.plain, self.prop = 5, 6, 7
        self.method = lambda: "slot function"
        self.data = self.nondata = 8


class Dynamic:
    def __getattr__(self, name):
        if name == "method":
            return lambda: "dynamic method"
        return f"dynamic {name}"


class Module(type(repeat.__globals__["__builtins__"]) if not isinstance(repeat.__globals__["__builtins__"], dict) else object):
    pass


def read(o):
    return o.instance, o.plain, o.prop, o.data, o.nondata, o.method()


def write(o, v):
    o.instance = v
    o.prop = v + 1
    return o.instance


def delete(o, name):
    try:
        delattr(o, name)
        return "deleted"
    except (AttributeError, TypeError) as e:
        return str(e)


def body(out):
    for o in (Full(), Slotted(), Dynamic(), Full()):
        out(read(o))
    f = Full()
    f.nondata = "instance wins"
    f.data = "stored"
    f.extra = 1
    out(f.nondata, f.data, Full.data, Full.nondata, f.__dict__)
    for o in (f, Slotted()):
        out(write(o, 10), o.instance)
    out(delete(f, "data"), delete(f, "data"), delete(f, "extra"), delete(f, "plain"), delete(f, "prop"), delete(f, "nope"), delete(5, "real"))
    out((1).real, "a".upper(), [].append.__name__, (1.5).is_integer(), type(f).__mro__[0].__name__, Full.method(f))
    del f.instance
    try:
        f.prop
    except AttributeError as e:
        out(e, e.name, e.obj is f)
    d = Dynamic()
    d.__dict__.update({f"k{i}": i for i in range(40)})
    out(d.k39, d.k40)


repeat(body)


# Attributes of classes themselves, that change, move to a base, and become descriptors.
class Base:
    shared = 1


class Leaf(Base):
    own = "own"


class Meta(type):
    own = property(lambda cls: "of the metaclass")


class Made(metaclass=Meta):
    pass


def of_classes(classes, rounds):
    seen = []
    for i in range(rounds):
        for cls in classes:
            seen.append(cls.own)
        if i == rounds // 4:
            Leaf.own = "changed"
        if i == rounds // 2:
            del Leaf.own
            Base.own = "inherited"
        if i == 3 * rounds // 4:
            Base.own = property(lambda self: 1)
            Base.own = classmethod(lambda cls: cls.__name__).__get__(None, Leaf)
    return [str(value) for value in dict.fromkeys(map(str, seen))], len(seen)


print(of_classes([Leaf], 4000))
Base.own, Leaf.own = "base", "leaf"
print(of_classes([Leaf, Base, Made], 4000))
