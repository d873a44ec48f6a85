# Globals and builtins that are instances of a subclass of dict, and modules that get another class.
import builtins
import types

X = "plain"


class Loud(dict):
    def __getitem__(self, key):
        return "overridden" if key == "X" else (lambda x: "Blen") if key == "len" else dict.__getitem__(self, key)


class Counting(types.ModuleType):
    @property
    def x(self):
        return "property"

    def __getattribute__(self, name):
        return ("got", name) if name == "y" else super().__getattribute__(name)


def names():
    return X, len("abc")


def lengths():
    return len("abcd")


module = types.ModuleType("module")
module.x, module.y, module.f = 1, 2, len


def attributes():
    return module.x, module.y, module.f("ab")


def loop(n):
    out = []
    for i in range(n):
        if i == n // 2:
            module.__class__ = Counting
        out.append(attributes())
    return out[0], out[-1], len({*out})


for _ in range(40):
    names()
    lengths()
    attributes()
print({types.FunctionType(names.__code__, Loud(globals()))() for _ in range(40)})
print({names() for _ in range(40)})
space = dict(globals(), __builtins__=Loud(vars(builtins)))
print({types.FunctionType(lengths.__code__, space)() for _ in range(40)})
print({lengths() for _ in range(40)})
print(loop(60), loop(60))
