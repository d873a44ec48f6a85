# A variable that is an int, a float, a big int, a string, unbound, deleted, a cell, in turn, inside one hot loop.
def changing(n):
    x = 0
    kinds = []
    for i in range(n):
        step = i % 9
        if step == 0:
            x = i
        elif step == 1:
            x = x + 0.5
        elif step == 2:
            x = int(x) << 70
        elif step == 3:
            x = x >> 60
        elif step == 4:
            x = str(x)
        elif step == 5:
            x = x + "!"
        elif step == 6:
            del x
        elif step == 7:
            try:
                x
            except UnboundLocalError:
                x = None
        else:
            x = [x]
        if i >= n - 9 and step != 6:
            kinds.append((type(x).__name__, repr(x)))
    return kinds


def cells(n):
    x = 0
    def get():
        return x
    out = set()
    for i in range(n):
        if i % 3 == 0:
            x = i * 0.5
        elif i % 3 == 1:
            x = i
        else:
            x = get() * 2
        out.add(type(get()).__name__)
    return sorted(out), x


def swap(n):
    a, b, c = 1, 2.5, "s"
    for i in range(n):
        a, b, c = c, a, b
    return a, b, c


def boxed_and_not(n):
    total, items = 0, []
    for i in range(n):
        y = i * 2
        total += y
        if i % 100 == 0:
            items.append(y)
        z = y * 0.5
    return total, items, y, z


def parallel(n):
    i = j = k = 0
    while i < n:
        i, j, k = i + 1, j + i, k ^ j
    return i, j, k


for f in (changing, cells, swap, boxed_and_not, parallel):
    for n in (9, 900, 2000):
        print(f.__name__, n, f(n))
