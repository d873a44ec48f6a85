# Class statements: namespaces, decorators, metaclasses, __prepare__, __init_subclass__, cells, annotations, order.
from _repeat import repeat


def decorate(tag):
    def wrap(cls):
        cls.tags = getattr(cls, "tags", ()) + (tag,)
        return cls
    return wrap


class Meta(type):
    @classmethod
    def __prepare__(mcs, name, bases, **kw):
        return {"prepared": kw}

    def __new__(mcs, name, bases, ns, **kw):
        ns["order"] = [k for k in ns if not k.startswith("_")]
        return super().__new__(mcs, name, bases, ns)

    def __init__(cls, name, bases, ns, **kw):
        super().__init__(name, bases, ns)


class Registry:
    known = []

    def __init_subclass__(cls, /, label=None, **kw):
        super().__init_subclass__(**kw)
        Registry.known.append((cls.__name__, label))


def body(out):
    Registry.known.clear()

    @decorate("outer")
    @decorate("inner")
    class A(metaclass=Meta, flag=1):
        x: int = 1
        y = x + 1
        z: "str"
        for i in range(3):
            locals()[f"gen{i}"] = i
        if y > 1:
            def conditional(self):
                return __class__.__name__
        del i

        class Inner:
            q = "inner"

        def method(self, default=y):
            return default

    out(A.tags, A.order, A.prepared, A.__annotations__, A().conditional(), A().method(), A.Inner.__qualname__.rsplit(".", 1)[-1])

    class R1(Registry, label="one"):
        pass

    class R2(R1):
        pass

    out(Registry.known)
    v = "local"

    class UsesFree:
        try:
            w = v
        except NameError as error:
            w = str(error)
        v = "class"
        u = v

        def f(self):
            return v

    out(UsesFree.w, UsesFree.u, UsesFree().f())
    try:
        class Bad(A, metaclass=type("M2", (type,), {})):
            pass
    except TypeError as e:
        out(e)
    try:
        class Fails:
            a = 1
            1 / 0
    except ZeroDivisionError as e:
        out(e, e.__traceback__.tb_next.tb_frame.f_locals["a"])
    out([B().f() for B in [type("T", (), {"f": lambda self, i=i: i}) for i in range(3)]])


repeat(body)
