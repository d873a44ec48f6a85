# Every kind of loop edge: conditions with side effects, that raise, that are no bools; on None; large
# jumps; leaving by exceptions, in generators, with values below on the stack.
import sys
from _repeat import repeat


class Bound:
    def __init__(self, n, bad=None):
        self.n, self.bad = n, bad

    def __gt__(self, other):  # other < self
        if other == self.bad:
            raise ValueError(f"compared {other} at line {sys._getframe(1).f_lineno}")
        return Answer(other < self.n)


class Answer:
    def __init__(self, value):
        self.value = value

    def __bool__(self):
        log.append(sys._getframe(1).f_code.co_name)
        return self.value


class Bad:
    def __bool__(self):
        raise TypeError("no truth")


log = []


def compared(bound):
    i = 0
    try:
        while i < bound:
            i += 1
    except ValueError as e:
        return i, str(e), e.__traceback__.tb_lineno - compared.__code__.co_firstlineno
    return i


def none_ends(n):
    x = 0
    while x is not None:
        x = x + 1 if x < n else None
    count = 0
    while x is None:
        count += 1
        x = None if count < n else count
    return x


def truth(n):
    items = list(range(n))
    while items:
        items.pop()
    flag, count = True, 0
    while not (count >= n or not flag):
        count += 1
    try:
        while flag:
            count -= 1
            if count == n // 2:
                flag = Bad()
    except TypeError as e:
        return count, e.__traceback__.tb_lineno - truth.__code__.co_firstlineno
    return items


def generator(n):
    i = 0
    while i < n:
        got = yield i
        i += got or 1


def floats(n):
    x, steps = 1.0, 0
    while x < n:
        x *= 1.5
        steps += 1
    s = ""
    while s != "aaaa":
        s += "a"
    return steps, s


def mixed(values):
    out = []
    for limit in values:
        x, n = type(limit)(0), 0
        while x < limit:
            x += type(limit)(1)
            n += 1
        out.append((type(limit).__name__, n))
    return out


def try_in_loop(n):
    caught = 0
    for i in range(n):
        try:
            if i % 5 == 0:
                raise KeyError(i)
        except KeyError:
            caught += 1
            continue
        finally:
            caught += 100
    return caught


def with_values_below(n):
    return [1, (2, [i for i in range(n) if i % 97 == 0]), *(sum(range(k)) for k in range(3))]


lines = "\n".join(f"    v{i} = a + {i}" for i in range(200))
names = " + ".join(f"v{i}" for i in range(200))
exec(f"def large(n):\n  a = t = 0\n  while a < n:\n{lines}\n    t += {names}\n    a += 1\n  return t\n")


def body(out):
    log.clear()
    out(compared(Bound(30)), compared(Bound(30, 20)), compared(30), compared(7.5))
    out(len(log), sorted(set(log)))
    out(none_ends(40), truth(40), floats(1e6), try_in_loop(40), with_values_below(400))
    g = generator(50)
    out(next(g), [g.send(k) for k in (1, 2, 3)], sum(g))
    out(mixed([9, 4.5, 300, 20.25, True]))
    out(large(30))


repeat(body, turns=25)
log.clear()
print(compared(Bound(2000, 1500)), none_ends(3000), truth(3000), floats(1e200), large(500))
