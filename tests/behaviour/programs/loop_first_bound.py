# Locals that are bound in the midst of a loop, looked at when they are and when they are not.
import sys


def first_bound(n, leave_at):
    for i in range(n):
        if i == leave_at:
            try:
                return x, y, i
            except UnboundLocalError as error:
                return str(error), i
        x = i * 2
        y = i + 0.5
    return "end", x, y


def sometimes_bound(n, odd):
    seen = []
    for i in range(n):
        if i % 1000 == 999:
            try:
                seen.append(last)
            except UnboundLocalError:
                seen.append(None)
        if i % 3000 == 1500 and odd:
            last = i
        elif i % 3000 == 2500 and odd:
            del last
    return seen


def nested(n, m):
    total = 0
    for i in range(n):
        for j in range(m):
            k = i ^ j
            total += k & 7
    return total, i, j, k


def shown(n):
    for i in range(n):
        if i in (0, 7, n - 1):
            print(sorted((k, v) for k, v in sys._getframe().f_locals.items()))
        square = i * i
        half = i / 2


def changing(items):
    total = 0
    for item in items:
        part = item + item
        total += len(part) if isinstance(part, (str, list)) else part
    return total, part


def huge(start, n):
    for i in range(start, start + n):
        value = i * 1
    return value, i


for leave_at in (0, 1, 5, 2999):
    print(first_bound(3000, leave_at))
print(first_bound(20000, -1))
print(sometimes_bound(20000, True), sometimes_bound(20000, False))
print(nested(40, 500))
shown(3000)
print(changing([1] * 5000), changing([1.5] * 100 + [2] * 100), changing([1] * 3000 + ["ab", 2.5, [1]]))
for start in (0, 2**31 - 5, 2**60 - 500, 2**62, 2**63 - 1500, 2**63 + 5, -(2**63)):
    try:
        print(huge(start, 1400))
    except OverflowError as error:
        print(error)
try:
    huge(5, 0)
except UnboundLocalError as error:
    print(error)
for source in (iter([1, 2, 3]), iter((4, 5)), iter(range(3)), iter("ab"), iter({7: 8}), (c for c in (9,))):
    out = []
    for _ in range(2):
        for item in source:
            out.append(item)
    print(out)
shrinking = list(range(10))
for item in shrinking:
    shrinking.pop()
print(item, shrinking)
growing = [1]
for item in growing:
    if len(growing) < 5000:
        growing.append(item + 1)
print(item, len(growing))
