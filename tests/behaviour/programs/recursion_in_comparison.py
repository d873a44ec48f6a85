# A comparison at the recursion limit: one that only decides a jump between plain values is no level of recursion.
import sys


def compare_int(n):
    if n == 0:
        return 0
    return compare_int(n - 1)


def compare_float(x):
    if x < 0.0:
        return 0
    return compare_float(x + 1.0)


def compare_str(s):
    if s == "x":
        return 0
    return compare_str(s + "y")


def compare_mixed(s):
    if s == "x":
        return 0
    return compare_mixed(s + 1)


def compare_value(n):
    return n == 0 or compare_value(n + 1)


def compare_chain(n):
    if 0 < n < 1e9:
        return compare_chain(n + 1)


def compare_objects(n):
    if n == ():
        return 0
    return compare_objects(n)


cases = [
    (compare_int, 10**6),
    (compare_float, 1.0),
    (compare_str, ""),
    (compare_mixed, 1),
    (compare_value, 1),
    (compare_chain, 1),
    (compare_objects, 1),
]


def run(function, argument):
    try:
        return function(argument)
    except RecursionError as e:
        depth = 0
        traceback = e.__traceback__
        while traceback:
            depth += 1
            traceback = traceback.tb_next
        return f"{e} ({depth})"


for limit in (150, 151):
    for turn in range(3):
        sys.setrecursionlimit(limit)
        results = [run(function, argument) for function, argument in cases]
        sys.setrecursionlimit(1000)
        print(limit, turn, *results, sep="\n")
