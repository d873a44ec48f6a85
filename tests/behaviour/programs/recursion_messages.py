# Which operation meets the recursion limit, and how deep: what counts as a level once the interpreter has specialized it.
# Code that is left again and again runs in an interpreter that has not seen it often enough to specialize it.
# modes: default, warm, compile-all
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


def known_builtins(s):
    if isinstance(s, str):
        return 1
    return known_builtins(s)


def list_methods(items):
    if len(items) > 10**5:
        return 1
    items.append(1)
    return list_methods(items)


def sort_key(n):
    return sorted([1, 2], key=sort_key)


def map_items(n):
    return list(map(map_items, [n]))


def text(n):
    return f"{n}" + str(n) + text(n)


def finally_(n):
    try:
        return finally_(n)
    finally:
        pass


def generators(n):
    yield from generators(n)


class Value:
    def __getattr__(self, name):
        return getattr(self, name + "x")

    def __add__(self, other):
        return self + other

    def __len__(self):
        return len(self)

    def __lt__(self, other):
        return self < other

    def __getitem__(self, key):
        return self[key]

    def __call__(self):
        return self()

    def __repr__(self):
        return repr(self)


class Creates:
    def __init__(self):
        Creates()


cases = [
    (compare_int, 10**6),
    (compare_float, 1.0),
    (compare_str, ""),
    (compare_mixed, 1),
    (compare_value, 1),
    (compare_chain, 1),
    (known_builtins, 5),
    (sort_key, 1),
    (map_items, 1),
    (text, 1),
    (finally_, 1),
    (lambda n: next(generators(n)), 1),
    (lambda value: value.name, Value()),
    (lambda value: value + value, Value()),
    (lambda value: value < value, Value()),
    (lambda value: value[1], Value()),
    (lambda value: value(), Value()),
    (lambda _: Creates(), None),
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


# What the first calls of each do depends on when the interpreter specializes.
for turn in range(24):
    for limit in (150, 151):
        sys.setrecursionlimit(limit)
        results = [run(function, argument) for function, argument in cases]
        results.append(run(list_methods, []))
        sys.setrecursionlimit(1000)
        if turn >= 20:
            print(turn, limit, *results, sep="\n")
