# pdb: breakpoints, stepping, inspection and change of locals, in code that is hot already.
import pdb
import io
import sys


def add(a, b):
    total = a + b
    return total


def loop(n):
    acc = 0
    for i in range(n):
        acc = add(acc, i)
    return acc


for _ in range(50):
    loop(50)
script = """\
b add, a == 3
c
p a, b, sorted(locals())
up
p i, acc
down
n
p total
!total = 1000
w
r
s
tbreak 16
c
pp acc
p [x for x in range(i)]
cl 1
y
c
"""
out = io.StringIO()
debugger = pdb.Pdb(stdin=io.StringIO(script), stdout=out, nosigint=True, readrc=False)
debugger.use_rawinput = False
try:
    print(debugger.runcall(loop, 8))
except Exception as e:
    print(type(e).__name__, e)
print(out.getvalue().replace(__file__, "<file>"))


def post(n):
    values = [1, 2, 3]
    return values[n]


try:
    for i in range(100):
        post(i)
except IndexError as e:
    out = io.StringIO()
    p = pdb.Pdb(stdin=io.StringIO("p n, values\nup\np i\nq\n"), stdout=out, nosigint=True, readrc=False)
    p.use_rawinput = False
    p.reset()
    p.interaction(None, e.__traceback__)
    print(out.getvalue().replace(__file__, "<file>"))
print(loop(10))
