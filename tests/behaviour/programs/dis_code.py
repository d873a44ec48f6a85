# What tools see of a hot function: co_code, dis, co_lines, co_positions, co_exceptiontable, hashes, marshal.
import dis
import hashlib
import io
import marshal


def hot(n):
    total = 0
    for i in range(n):
        while total % 3:
            total += 1
        try:
            total += [x for x in (i, 1.5)][0]
        except TypeError:
            pass
    return total


def generator(n):
    for i in range(n):
        yield i


def snapshot(code):
    return (hashlib.sha256(code.co_code).hexdigest()[:12], list(code.co_lines())[:5], list(code.co_positions())[:4], code.co_exceptiontable,
            code.co_stacksize, code.co_consts[0], code.co_names, code.co_varnames)


def listing(f):
    out = io.StringIO()
    dis.dis(f, file=out)
    return out.getvalue().replace(hex(id(f.__code__)), "")


import re
before = [snapshot(f.__code__) for f in (hot, generator)]
text = re.sub(r"0x[0-9a-f]+", "0x", listing(hot))
for n in range(300):
    hot(n)
    list(generator(n))
hot(5000)
after = [snapshot(f.__code__) for f in (hot, generator)]
print(before == after, text == re.sub(r"0x[0-9a-f]+", "0x", listing(hot)))
print(before[0][0], before[1][0])
print(text)
copy = marshal.loads(marshal.dumps(hot.__code__))
print(copy == hot.__code__, hash(copy) == hash(hot.__code__), copy.co_code == hot.__code__.co_code)
print(hot.__code__.replace(co_name="other").co_code == hot.__code__.co_code)
g = generator(3)
next(g)
print(g.gi_frame.f_lasti, [i.opname for i in dis.get_instructions(generator)][:8])
