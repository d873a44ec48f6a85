# Functions of classes called by way of the class, names that the metaclass has too, changes of either.

import gc
import traceback
import weakref

from _repeat import repeat


class Base:
    created = 0

    def __init__(self, value):
        Base.created += 1
        self.value = value

    def __setattr__(self, name, value):
        object.__setattr__(self, name, value)

    def __repr__(self):
        return f"{type(self).__name__}({self.value!r})"

    def __call__(self, *args):
        return "called", args

    def mro(self):
        return "an instance's mro"

    def describe(self, more=""):
        return f"{self!r}{more}"

    @staticmethod
    def static(value):
        return "static", value

    @classmethod
    def of(cls, value):
        return cls.__name__, value


class Derived(Base):
    def __init__(self, value, other):
        Base.__init__(self, value)
        self.other = other

    def __repr__(self):
        return "<" + Base.__repr__(self) + ">"

    def describe(self, more=""):
        return Base.describe(self, more=more) + Base.describe(self)

    def __eq__(self, other):
        return object.__eq__(self, other)

    def __hash__(self):
        return object.__hash__(self) & 0


def use(out):
    n = 3
    d = Derived(n, "x")
    out(d, Base.describe(d), Base.describe(d, "!"), Derived.describe(d), Base.__call__(d, 1, 2))
    out(Base.static(n), Base.of(n), Derived.of(n), d == d, d == 1, hash(d))
    out(Base.__init__ is Base.__dict__["__init__"], Base.__repr__(d), str.upper("a"), dict.get({1: n}, 1), int.__add__(n, 1))
    out(Base.__name__, Base.__module__, Base.__dict__["created"] > 0, Base.__doc__, int.__name__)


repeat(use, 60)


# What is found changes.
def call_init(log):
    d = Derived(1, 2)
    log.append((d.value, d.other))


def first(self, value):
    self.value = "first", value


def change(out):
    log = []
    for i in range(40):
        if i == 20:
            kept, Base.__init__ = Base.__init__, first
        if i == 30:
            Base.__init__.__code__, code = (lambda self, value: setattr(self, "value", "code")).__code__, first.__code__
        call_init(log)
    first.__code__ = code
    Base.__init__ = kept
    out(log[0], log[19], log[20], log[29], log[30], log[39])


repeat(change, 60)


# Errors: the arguments, the receiver, what the function does, what the class does not have.
def wrong(out):
    n = 1
    for call in (
        lambda: Base.__init__(),
        lambda: Base.__init__(1, 2, 3),
        lambda: Base.describe(),
        lambda: Base.describe(1, 2, 3),
        lambda: str.upper(n),
        lambda: int.__add__("a", n),
        lambda: object.__setattr__(n, "x", 1),
        lambda: object.__setattr__(Base, "x", 1),
        lambda: Base.missing(n),
    ):
        try:
            call()
        except Exception as e:
            out(type(e).__name__, e, len(traceback.extract_tb(e.__traceback__)))
        else:
            out("nothing raised")


repeat(wrong, 60)


# The metaclass: a data descriptor comes first, anything else after what the class has.
class Meta(type):
    def both(cls):
        return "of the metaclass"

    def only(cls):
        return "only of the metaclass", cls.__name__

    @property
    def prior(cls):
        return lambda self: "property of the metaclass"


class WithMeta(metaclass=Meta):
    def both(self):
        return "of the class"

    def prior(self):
        return "hidden"


class Plain:
    def mro(self):
        return "mro of Plain"

    def __subclasses__(self):
        return "subclasses of Plain"

    def __instancecheck__(self, other=None):
        return "instancecheck of Plain"


def meta():
    x, p = WithMeta(), Plain()
    return (
        WithMeta.both(x),
        WithMeta.only(),
        WithMeta.prior(x),
        Plain.mro(p),
        Plain.__subclasses__(p),
        Plain.__instancecheck__(p),
        isinstance(p, Plain),
        Derived.mro(p),
        [c.__name__ for c in int.mro()],
    )


repeat(lambda out: out(meta()), 60)


# A function and its class that die once nothing uses them but compiled code.
def short_lived(log):
    class Local:
        def f(self):
            return 1

    weakref.finalize(Local.f, log.append, "function")
    x = Local()

    def use():
        return Local.f(x)

    for _ in range(50):
        use()


for _ in range(3):
    log = []
    short_lived(log)
    gc.collect()
    print(log)
