# fork: children go on in hot code, compile their own, and leave.
import os
import sys


def work(n):
    total = 0
    for i in range(n):
        total += i % 3
    return total


def fresh(n):
    return [x * x for x in range(n)][-1]


for _ in range(50):
    work(20)
sys.stdout.flush()
for child in range(3):
    pid = os.fork()
    if pid == 0:
        ok = work(1000) == 999 and sum(fresh(i + 1) for i in range(100)) == 328350
        os._exit(40 + child if ok else 1)
    print(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))


def in_loop(n):
    r, w = os.pipe()
    pid = None
    total = 0
    for i in range(n):
        if i == n // 2:
            pid = os.fork()
        total += i
    if pid == 0:
        os.write(w, str(total).encode())
        os._exit(0)
    os.waitpid(pid, 0)
    return total, os.read(r, 100)


print(in_loop(1000))
