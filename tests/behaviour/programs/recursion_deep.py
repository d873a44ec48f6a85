# timeout: 120
# 200,000 nested Python calls with the limit raised: fine on stock, so fine here.
import sys
import threading

sys.setrecursionlimit(250_000)


def down(n):
    if n == 0:
        return 0
    return down(n - 1) + 1


class Chain:
    def down(self, n):
        return 0 if n == 0 else self.down(n - 1) + 1


def generator(n):
    if n:
        yield from generator(n - 1)
    yield n


def cleanup(n):
    try:
        if n:
            cleanup(n - 1)
    finally:
        total.append(1)


for _ in range(40):
    down(10)
print(down(200_000))
print(Chain().down(150_000))
total = []
cleanup(50_000)
print(len(total))


def fails(n):
    return 1 // n + fails(n - 1)


try:
    fails(60_000)
except ZeroDivisionError as e:
    tb, depth = e.__traceback__, 0
    while tb:
        tb = tb.tb_next
        depth += 1
    print(e, depth)
    del e, tb
result = []
t = threading.Thread(target=lambda: result.append(down(100_000)))
t.start()
t.join()
print(result)
sys.setrecursionlimit(20_000)
try:
    down(30_000)
except RecursionError as e:
    print("RecursionError")
print(down(1000))
