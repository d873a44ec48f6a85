# What is visible while a loop warms up: traces, code bytes, frames and lines are those of the program.
import dis
import sys
import traceback

lines = set()


def warm(n):
    code = sys._getframe().f_code.co_code
    for i in range(n):
        if i % 37 == 0:
            lines.add(sys._getframe().f_lineno)
            assert sys._getframe().f_code.co_code == code
            tb = traceback.extract_stack()[-1]
            lines.add((tb.name, tb.lineno))
    return [x.opname for x in dis.get_instructions(warm) if "JUMP_BACK" in x.opname]


print(warm(2000), sorted(map(str, lines)))


def recursion_in_loop(n, depth):
    total = 0
    for i in range(n):
        if i == n // 2 and depth:
            total += recursion_in_loop(n, depth - 1)
        total += i
    return total


print(recursion_in_loop(400, 5))


def generator_in_loop():
    for i in range(700):
        x = yield i
        if x:
            return x


g = generator_in_loop()
print(sum(next(g) for _ in range(600)), g.send(None))
try:
    g.send("result")
except StopIteration as e:
    print(e.value)


def raise_late(n):
    for i in range(n):
        if i == n - 1:
            raise ValueError(i)


for n in (5, 290, 299, 300, 301, 302, 1000):
    try:
        raise_late(n)
    except ValueError as e:
        print(e, e.__traceback__.tb_next.tb_lineno, e.__traceback__.tb_next.tb_lasti)
