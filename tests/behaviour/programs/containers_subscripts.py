# Subscripts: negative, out of range, slices, bool and big indices, stores, deletes, dict misses, strings, bytes, own classes.
from _repeat import repeat


def get(c, k):
    return c[k]


def put(c, k, v):
    c[k] = v
    return c


def delete(c, k):
    del c[k]
    return c


class Own:
    def __getitem__(self, k):
        return k

    def __setitem__(self, k, v):
        self.last = k, v

    def __delitem__(self, k):
        self.deleted = k


class Missing(dict):
    def __missing__(self, k):
        return f"missing {k}"


class Index:
    def __index__(self):
        return 1


def attempt(f, *args):
    try:
        return f(*args)
    except Exception as e:
        return f"{type(e).__name__}: {e}"


def body(out):
    l, t, s, b = [10, 20, 30], (1, 2, 3), "héł", b"xyz"
    for c in (l, t, s, b, bytearray(b"abc"), range(5)):
        out([attempt(get, c, k) for k in (0, 1, 2, -1, -3, -4, 3, True, Index(), 2**70, -(2**70), "x", None, 1.0)])
        out([attempt(get, c, k) for k in (slice(1, None), slice(None, None, -1), slice(-2, 10), slice(0, 0), slice(1, 2, 0))])
    d = {1: "one", "k": "kay", (1, 2): "tuple", None: "none", 2.5: "float"}
    out([attempt(get, d, k) for k in (1, 1.0, True, "k", (1, 2), None, 2.5, "gone", [1], 10**20)])
    m = Missing(a=1)
    out(get(m, "a"), get(m, "b"), get(Own(), 5), get(Own(), slice(1, 2)), list[int])
    out(put([1, 2, 3], 0, "x"), put([1, 2, 3], -1, "x"), put([1, 2, 3], slice(0, 2), "ab"), put({}, "k", 1), put(bytearray(2), 0, 65))
    out(attempt(put, [1], 1, 2), attempt(put, (1,), 0, 2), attempt(put, "s", 0, "t"), attempt(put, {}, [], 1), attempt(put, bytearray(1), 0, 256), attempt(put, [1], "k", 1))
    out(delete([1, 2, 3], 1), delete({1: 2}, 1), delete([1, 2, 3, 4], slice(None, None, 2)), attempt(delete, {}, 1), attempt(delete, [], 0), attempt(delete, (), 0))
    o = Own()
    put(o, (1, 2), 3)
    delete(o, ...)
    out(o.last, o.deleted)
    matrix = [[i * j for j in range(4)] for i in range(4)]
    for i in range(4):
        for j in range(4):
            matrix[i][j] += matrix[j][-1]
    out(matrix)
    out(attempt(get, 5, 0), attempt(get, None, 0), attempt(get, int, 0), attempt(get, {}.keys(), 0))


repeat(body)
