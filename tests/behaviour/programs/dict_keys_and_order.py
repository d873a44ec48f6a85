# Dicts as namespaces: instance dicts with deleted and re-added keys, order, non-string keys, __dict__ replaced, vars() aliases, keys shared and not.
from _repeat import repeat


class O:
    def __init__(self, a, b):
        self.a = a
        self.b = b


def read(o):
    return o.a, o.b


def add(o, n):
    for i in range(n):
        setattr(o, f"k{i}", i)


def body(out):
    objects = [O(i, -i) for i in range(6)]
    del objects[1].a
    objects[1].a = "again"
    add(objects[2], 40)
    objects[3].__dict__ = {"b": "b first", "a": "a second"}
    objects[4].__dict__[5] = "not a string"
    objects[5].__dict__.clear()
    O.a = "class a"
    for o in objects:
        try:
            out(read(o), list(vars(o))[:3])
        except AttributeError as e:
            out(e)
    del O.a
    v = vars(objects[0])
    v["a"] = "through vars"
    objects[0].c = 1
    out(read(objects[0]), v, v is objects[0].__dict__)
    d = {i: i for i in range(5)}
    del d[2]
    d[2] = "last"
    out(d, list(reversed(d)), d == {0: 0, 1: 1, 3: 3, 4: 4, 2: "last"}, list(d.items())[-1])
    big = {}
    for i in range(1000):
        big[i % 100] = i
        if i % 3 == 0:
            big.pop((i * 7) % 100, None)
    out(len(big), sum(big.values()), list(big)[:5])

    class Key:
        def __init__(self, n):
            self.n = n

        def __hash__(self):
            return self.n % 2

        def __eq__(self, other):
            log.append((self.n, other.n))
            return self.n == other.n

    log = []
    k = {Key(i): i for i in range(4)}
    out(k[Key(3)], len(log), Key(9) in k)


repeat(body)
