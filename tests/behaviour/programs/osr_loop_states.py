# Loops entered in the middle: with values on the stack, inside try and with, in generators, after type changes.
def with_stack(n):
    return [0, sum_to(n), *[i for i in range(n) if i % 400 == 0], (lambda k: k + n)(1)]


def sum_to(n):
    t = 0
    while n:
        t += n
        n -= 1
    return t


def nested(n):
    out = []
    for a in range(3):
        s = 0
        for b in range(n):
            s += b
            if s > 100_000:
                break
        else:
            out.append("full")
        out.append((a, b, s))
    return out


def type_change(n):
    x = 0
    for i in range(n):
        if i == n // 2:
            x = float(x)
        if i == n - 10:
            x = str(x)
        if i < n - 10:
            x += 1
    return x


def in_try(n):
    log = []
    try:
        for i in range(n):
            try:
                if i == n - 5:
                    raise KeyError(i)
            except KeyError as e:
                log.append(e.args)
                continue
            finally:
                last = i
        1 // (n - i - 1)
    except ZeroDivisionError:
        log.append("zero")
    return log, last


class M:
    def __enter__(self):
        return self

    def __exit__(self, *a):
        self.seen = a[0]
        return True


def in_with(n):
    with M() as m:
        for i in range(n):
            if i == n - 1:
                raise ValueError
    return m.seen.__name__, i


def in_generator(n):
    t = 0
    for i in range(n):
        t += i
        if i % 250 == 249:
            yield t


def while_true(n):
    i = 0
    while True:
        i += 1
        if i % 2:
            continue
        if i > n:
            break
    return i


def unbound_at_entry(n):
    for i in range(n):
        if i == 500:
            late = "bound"
        if i == 600:
            del late
    try:
        return late
    except UnboundLocalError as e:
        return str(e)


def many_locals(n):
    a = b = c = d = e = f = g = h = 1
    p = q = 0.5
    for i in range(n):
        a, b, c, d = b, c, d, a + 1
        e += i; f ^= e; g = (g * 3 + f) % 1009; h -= g
        p, q = q, p + q * 0.001
    return a, b, c, d, e, f, g, h, round(p, 6), round(q, 6)


print(with_stack(1000))
print(nested(1000))
print(type_change(1000))
print(in_try(900))
print(in_with(800))
print(list(in_generator(1000)))
print(while_true(1000))
print(unbound_at_entry(1000))
print(many_locals(1000))
for _ in range(3):
    print(type_change(1200), sum_to(2000))
