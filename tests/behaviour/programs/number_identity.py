# Which numbers are the same object: numbers are unboxed while code runs, and whoever asks must not see it.
INF = float("inf")
NAN = float("nan")
BIG = 10**15


def nearest(points, x):
    best = INF
    for p in points:
        d = (p - x) * (p - x)
        if d < best:
            best = d
    return best is INF


def nearest_of(points, x):
    best = INF
    for p in points:
        d = (p - x) * (p - x)
        if d < best:
            best = d
    return best


def compared_within(n):
    same = 0
    t = x = BIG
    for i in range(n):
        same += t is BIG
        t = t + 1 if i % 3 == 0 else BIG
    return same, t is x


def two_names(x, n):
    a = b = x * 2.5
    m = n * n
    return a is b, m


def in_list(x, n, values):
    y = x * 2.0
    values.append(y)
    z = n * n
    return y in values, y is values[0], z


def in_places(x, n):
    class Box:
        pass

    y = x * 3.0
    box, named, pair = Box(), {"k": y}, (y, y)
    box.y = y
    z = n * n
    return box.y is y, named["k"] is y, pair[0] is y, pair[0] is pair[1], z


class O:
    pass


def two_locals(n):
    different = 0
    t = 1000000
    for i in range(n):
        t += i
        u = t
        o = O()
        o.a = t
        o.b = u
        if o.a is not o.b:
            different += 1
    return different


def nans_in_set(n):
    sizes = set()
    y = 1.0
    for i in range(n):
        y = NAN if i % 7 == 3 else y * 1.5
        z = y
        o = O()
        o.y = y
        sizes.add(len({y, z, o.y}))
    return sizes


def absolute(x):
    return abs(x) is x, abs(x)


def carried(x, n):
    first = x
    for i in range(n):
        x = x + 1.0
    return first is x


def show(f, *arguments):
    seen = []
    for a in arguments:
        found = {repr(f(*(a() if callable(a) else a))) for _ in range(40)}
        seen.append(sorted(found))
    print(f.__name__, seen)


points = [i * 0.5 for i in range(30)]
for _ in range(2):
    show(nearest, (points, 2.0), ([], 2.0), (points, 3.0), ([NAN], 1.0))
    print(nearest_of([], 2.0) is INF, nearest_of(points, 1.0) is INF)
    show(compared_within, (30,), (0,))
    show(two_names, (1.5, 3), (1.5, 10**17), (NAN, 10**17))
    show(in_list, lambda: (1.5, 3, []), lambda: (NAN, 3, []), lambda: (NAN, 10**17, []))
    show(in_places, (1.5, 3), (1.5, 10**17), (NAN, 10**17))
    show(two_locals, (200,))
    show(nans_in_set, (200,))
    show(absolute, (1000,), (-1000,), (0,), (True,), (2.5,), (10**30,), (-(10**30),))
    show(carried, (1e300, 0), (1.0, 20), (INF, 0), (INF, 3))
