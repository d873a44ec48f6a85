# timeout: 120
# Hot attribute accesses of instances that keep their attributes inline, in a dict with the class's shared keys, in a
# dict of its own, or not at all; of functions that are not called at once; of static and class methods; and what
# changes under them.
import gc
import weakref


class Owner:
    default = "class"

    def __init__(self, value):
        self.value = value

    def method(self, add=0):
        return (type(self).__name__, self.value, add)

    @staticmethod
    def static(a):
        return ("static", a)

    @classmethod
    def make(cls, a):
        return (cls.__name__, a)


class Derived(Owner):
    pass


class Asked(Owner):
    def __getattr__(self, name):
        return "asked for " + name


class Mapping(dict):
    default = "of mapping"

    def __init__(self, value):
        self.value = value

    method = Owner.method
    static = staticmethod(lambda a: ("another", a))
    make = classmethod(lambda cls, a: ("mapping", cls.__name__, a))


def inline(cls, i):
    return cls(i)


def shared(cls, i):
    owner = cls(i)
    vars(owner)  # makes the dict
    return owner


def own(cls, i):
    owner = cls(i)
    owner.__dict__ = {"other": 1, "value": i}
    return owner


def hidden(cls, i):
    owner = cls(i)
    owner.default = "instance"
    return owner


def hidden_shared(cls, i):
    owner = cls(i)
    vars(owner)["default"] = "in dict"
    return owner


def use(owner, n):
    owner.value = owner.value + 1
    bound = owner.method
    return (owner.value, owner.default, bound(n), owner.method(n), owner.static(n), owner.make(n), owner.__class__)


def hot(owner_of, cls, times=9000):
    seen = {}
    for i in range(times):
        owner = owner_of(cls, 0)
        seen[use(owner, 1)] = i == times - 1
    return list(seen.items())


for owner_of in (inline, shared, own, hidden, hidden_shared):
    for cls in (Owner, Derived, Asked, Mapping):
        print(owner_of.__name__, hot(owner_of, cls, 2500))
everything = [f(c, 0) for f in (inline, shared, own, hidden, hidden_shared) for c in (Owner, Derived, Asked, Mapping)]
for turn in range(600):
    for owner in everything:
        use(owner, 2)
print([use(owner, 3) for owner in everything])


# --- unset, deleted, and not there

def read(owner):
    try:
        return owner.value
    except AttributeError as error:
        return str(error)


def write_and_read(make, times):
    seen = set()
    for i in range(times):
        owner = make(Owner, 1)
        seen.add(read(owner))
        del owner.value
        seen.add(read(owner))
        owner.value = 2
        seen.add(read(owner))
    return sorted(map(str, seen)), list(vars(owner))


print([write_and_read(make, 3000) for make in (inline, shared, own)])
asked = Asked(1)
del asked.value
print(read(asked), [read(a) for a in [asked, Asked(3)] * 2])


# --- order of insertion, with stores to values that were unset

class Ordered:
    def __init__(self, names):
        for name in names:
            setattr(self, name, name)


def store(owner):
    owner.a = 1
    owner.b = 2
    owner.c = 3


for i in range(4000):
    for names in ("", "c", "cb", "bca"):
        for with_dict in (False, True):
            owner = Ordered(names)
            if with_dict:
                vars(owner)
            store(owner)
            if i == 3999:
                print(names, with_dict, vars(owner))


# --- old values die at the store

class Dies:
    def __init__(self, log):
        self.log = log

    def __del__(self):
        self.log.append("dead")


def replace(owner, log):
    owner.value = Dies(log)
    log.append("made")
    owner.value = None
    log.append("replaced")


for make in (inline, shared, own):
    for i in range(3000):
        log = []
        replace(make(Owner, 0), log)
    print(make.__name__, log)


# --- what changes

def plain(owner):
    return owner.default


def kind(owner):
    return owner.__class__


class Descriptor:
    pass


class Holder:
    default = Descriptor()

    def __init__(self):
        self.other = 0


def describe(value):
    return type(value).__name__ if isinstance(value, Descriptor) else value


holders = [Holder(), Holder()]
holders[1].default = "instance"
for i in range(10000):
    plain(holders[i % 2])
print([describe(plain(h)) for h in holders])
Descriptor.__get__ = lambda self, owner, cls: "bound"
print([describe(plain(h)) for h in holders])
Descriptor.__set__ = lambda self, owner, value: None
print([describe(plain(h)) for h in holders])
holders[0].default = "ignored"
print([describe(plain(h)) for h in holders], vars(holders[0]))
del Descriptor.__set__, Descriptor.__get__
print([describe(plain(h)) for h in holders])


class Changing:
    pass


class Changed:
    pass


objects = [Changing(), Changed(), Changing()]
for i in range(9000):
    kind(objects[i % 2])
objects[0].__class__ = Changed


class Pretends(Changed):
    __class__ = property(lambda self: "a property")


objects.append(Pretends())
print([getattr(kind(o), "__name__", kind(o)) for o in objects])


# --- by way of the class

class Meta(type):
    def __getattr__(cls, name):
        return cls.__name__ + " has no " + name

    named = "by metaclass"


class WithMeta(metaclass=Meta):
    plain = 1

    @staticmethod
    def static():
        return "static"

    @classmethod
    def make(cls):
        return cls.__name__

    def function(self):
        return "function"


class OfIt(WithMeta):
    plain = 2


def by_class(cls):
    return cls.plain, cls.static(), cls.make(), cls.function(None), cls.named, cls.missing, cls.__mro__, cls.__name__


def by_constants():
    return WithMeta.plain, WithMeta.static(), OfIt.make(), OfIt.static, WithMeta.named, OfIt.function(1), OfIt.__mro__


for i in range(6000):
    by_class(WithMeta)
    by_class(OfIt)
    by_constants()
print(by_class(WithMeta), by_class(OfIt))
print(by_constants()[:3])
Meta.plain = property(lambda cls: "property of " + cls.__name__)
print(by_class(WithMeta)[:3], by_constants()[:3])
del Meta.plain
OfIt.static = staticmethod(lambda: "changed")
WithMeta.make = classmethod(lambda cls: "remade " + cls.__name__)
print(by_class(WithMeta)[:3], by_class(OfIt)[:3], by_constants()[:3])
vars(OfIt)["static"].__init__(lambda: "initialized again")
print(by_class(OfIt)[1])


# --- bound methods that are kept

def bind(owner):
    return owner.method


alive = []
for i in range(9000):
    owner = inline(Derived if i % 2 else Owner, i)
    method = bind(owner)
    assert method.__self__ is owner and method.__func__ is Owner.method
    if i % 3000 == 0:
        alive.append(weakref.ref(owner))
del owner
gc.collect()
print(method(5), [r() is None for r in alive])


# --- classes die although hot code has seen them

def class_of(owner):
    return owner.__class__


def call_class_method(owner):
    return owner.class_method()


def bind_class_method(owner):
    return owner.class_method


def new_class():
    class Mortal:
        @classmethod
        def class_method(cls):
            return 1

    return Mortal


for function in (class_of, call_class_method, bind_class_method):
    mortals = [new_class(), new_class()]
    owners = [cls() for cls in mortals]
    for i in range(20000):
        function(owners[i % 2])
    alive = [weakref.ref(cls) for cls in mortals]
    del mortals, owners
    gc.collect()
    print(function.__name__, [r() is None for r in alive])


# --- modules, of an immutable class, may get another one

import types

module = types.ModuleType("module")


class FirstWithModule:
    default = module


class SecondWithModule:
    default = module


objects = [FirstWithModule(), SecondWithModule()]
for i in range(20000):
    plain(objects[i % 2])


class ModuleSubclass(types.ModuleType):
    def __get__(self, owner, cls):
        return "bound module"


module.__class__ = ModuleSubclass
print([plain(o) for o in objects])


# --- tracing that begins while a method is bound

import sys

events = []


def tracer(frame, event, argument):
    events.append((frame.f_code.co_name, event, frame.f_lineno - first_line))
    return tracer


class Traces:
    active = False

    def __init__(self):
        self.me = self

    def __del__(self):
        if Traces.active:
            sys.settrace(tracer)
            sys._getframe(1).f_trace = tracer


first_line = sys._getframe().f_lineno


def keeps_method(owner):
    method = owner.method
    after = 1
    return after


objects = [Owner(1), Derived(2)]
gc.disable()
for i in range(20000):
    keeps_method(objects[i % 2])
Traces.active = True
Traces()
threshold = gc.get_threshold()
gc.set_threshold(1)
gc.enable()
keeps_method(objects[0])
sys.settrace(None)
gc.set_threshold(*threshold)
print(events)
