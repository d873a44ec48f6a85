# Loops that leave compiled code at a guard and are entered again, many times, with other values in the same variables.
def alternate(n):
    t, kinds = 0, []
    for i in range(n):
        x = (i, i * 0.5, str(i), None, [i])[(i // 400) % 5]
        if isinstance(x, (int, float)):
            t += x
        elif isinstance(x, str):
            t += len(x)
        elif x is None:
            t -= 1
        else:
            t += x[0] % 3
        if i % 400 == 399:
            kinds.append((type(x).__name__, t))
    return kinds


def while_exits(n):
    i, total = 0, 0
    while i < n:
        total = total + (2**61 if i % 997 == 996 else 1)
        if total > 2**62:
            total = -total
        i += 1
    return total


def indexes(items, n):
    hits = misses = 0
    for i in range(n):
        try:
            items[i % 37]
            hits += 1
        except IndexError:
            misses += 1
        except KeyError:
            misses += 100
    return hits, misses


def nested_exits(n):
    out = 0
    for a in range(n):
        row = [a] * 5 if a % 50 else (a, 2.5, "x", None, 1)
        for v in row:
            try:
                out += v
            except TypeError:
                out -= 1
    return out


print(alternate(8000))
print(while_exits(5000))
print([indexes(c, 2000) for c in ([1] * 30, (1,) * 37, {0: 1, 36: 2}, "abc", range(20))])
print(nested_exits(2000))
