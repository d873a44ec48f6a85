# What C code counts that looks at the references to what it is called with: several locals may hold it.
import sys


class Owner:
    def count(self):
        return sys.getrefcount(self)

    def pass_on(self, x):
        return sys.getrefcount(x), self.count()


def lists(n):
    seen = set()
    for i in range(n):
        x = []
        seen.add(("one", sys.getrefcount(x)))
        y = z = x
        seen.add(("three", sys.getrefcount(x), sys.getrefcount(z)))
        del y
        seen.add(("two", sys.getrefcount(x)))
    return sorted(seen)


def methods(n):
    seen = set()
    for i in range(n):
        o = p = Owner()
        seen.add((o.count(), p.pass_on(o)))
        try:
            o.pass_on(p, o)
        except TypeError:
            seen.add(sys.getrefcount(o))
    return sorted(map(str, seen))


def arrays(n):
    import numpy

    resized = 0
    for i in range(n):
        a = numpy.zeros(3)
        b = a
        try:
            a.resize(5)
            resized += 1
        except ValueError:
            pass
        del b
        a.resize(4)
    return resized, a.shape


for f in (lists, methods, arrays):
    print(f.__name__, {repr(f(60)) for _ in range(20)})
