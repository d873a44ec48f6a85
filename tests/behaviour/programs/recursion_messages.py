# Which operation meets the recursion limit, and how deep: what counts as a level once the interpreter has specialized it.
# Code that is compiled at once, or left again and again, has not been seen by the interpreter often enough for that.
# modes: default, warm
import sys


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
