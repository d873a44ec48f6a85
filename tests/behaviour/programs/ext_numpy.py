# numpy: arrays, scalars in hot arithmetic, ufuncs from Python functions, errors and warnings.
import warnings
import numpy as np


def dot(a, b):
    total = 0
    for x, y in zip(a, b):
        total += x * y
    return total


def step(x, k):
    return x * k + 1


print(dot([1, 2, 3], [4, 5, 6]), dot(np.arange(5), np.arange(5)), dot(np.arange(4.0), [1, 2, 3, 4]), type(dot(np.arange(5), np.arange(5))).__name__)
for _ in range(100):
    values = [step(v, 3) for v in (1, 1.5, np.float32(2), np.int8(3), np.arange(3), True, np.bool_(True))]
print([str(v) for v in values], [type(v).__name__ for v in values])
f = np.frompyfunc(lambda a, b: a * b % 7, 2, 1)
print(f(np.arange(10), 3), np.vectorize(step)(np.arange(4), 2))
a = np.arange(20).reshape(4, 5)
total = 0
for row in a:
    for v in row[1:3]:
        total += v
    row[0] = -1
print(total, a[:, 0], a[a > 10].sum(), (a @ a.T).trace())
with warnings.catch_warnings(record=True) as caught:
    warnings.simplefilter("always")
    for i in range(50):
        x = np.int8(100) + np.int8(100)
    print(x, len(caught) > 0)
try:
    for n in range(2, 50):
        np.zeros(3) + np.zeros(3 if n < 40 else 4)
except ValueError as e:
    print(e)
if np.array([1, 2]).any() and not np.array([]).size:
    print("truth")
try:
    bool(np.array([1, 2]))
except ValueError as e:
    print(e)
print([int(v) for v in np.nditer(np.arange(3))], np.apply_along_axis(lambda v: v[0] + v[-1], 1, a))
