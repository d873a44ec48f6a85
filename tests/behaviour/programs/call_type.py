# type(x) of whatever there is, also when the class is exchanged or dies.
from _repeat import repeat


class A:
    pass


class B(A):
    pass


class Meta(type):
    def __call__(cls, *args):
        return ("made", args)


class WithMeta(metaclass=Meta):
    pass


def kind(x):
    return type(x)


def is_a(x):
    return type(x) is A, type(x) == B, type(x) in (int, str), type(x).__name__


def exchange(x):
    before = type(x)
    x.__class__ = B if before is A else A
    return before, type(x), before is type(x)


def metaclasses(x):
    return type(type(x)), type(x).__mro__[0], type(x)()


def dying():
    def local():
        class Local:
            def __del__(self):
                out.append(type(self).__name__)

        return type(Local())

    out = []
    cls = local()
    return cls.__name__, out


def body(out):
    for _ in range(20):
        values = [1, True, "a", 1.5, None, A(), B(), A, Meta, kind, [], object()]
        results = [kind(value) for value in values]
    out(results)
    out([is_a(value) for value in values])
    a = A()
    for _ in range(21):
        changed = exchange(a)
    out(changed, [metaclasses(value) for value in (1, "b", 2.5, [])])
    out(dying())
    try:
        type(1, 2)
    except TypeError as error:
        out(error)


repeat(body)
