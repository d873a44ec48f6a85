# Subinterpreters run the same code with their own modules, beside a hot main interpreter.
import _xxsubinterpreters as interpreters
import os


def work(n):
    return sum(i % 5 for i in range(n))


for _ in range(60):
    work(50)
source = """
import os
def work(n):
    t = 0
    for i in range(n):
        t += i % 5
    return t
r = [work(100) for _ in range(100)][-1]
def gen():
    yield from range(50)
class K:
    x = 1
    def m(self): return self.x
s = sum(gen()) + sum(K().m() for _ in range(100))
try:
    1 // 0
except ZeroDivisionError as e:
    t = str(e)
os.write(w, f"{r} {s} {t}\\n".encode())
"""
r, w = os.pipe()
for _ in range(3):
    i = interpreters.create()
    interpreters.run_string(i, source, {"w": w})
    print(os.read(r, 1000), work(10))
    interpreters.destroy(i)
try:
    i = interpreters.create()
    interpreters.run_string(i, "raise ValueError('inside')")
except interpreters.RunFailedError as e:
    print(e)
print(work(100))
