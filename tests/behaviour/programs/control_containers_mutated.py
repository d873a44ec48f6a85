# Containers that change while they are iterated.
from _repeat import repeat


def grow(items, limit):
    for item in items:
        if len(items) < limit:
            items.append(item + 1)
    return items


def shrink(items):
    seen = []
    for item in items:
        seen.append(item)
        items.remove(item)
    return seen, items


def replace(items):
    for i, item in enumerate(items):
        items[i] = item * 2
    return items


def dict_change(table):
    try:
        for key in table:
            table[key + "x"] = 1
    except RuntimeError as e:
        return str(e)


def dict_same_size(table):
    try:
        for key in table:
            del table[key]
            table[key + "!"] = 1
    except RuntimeError as e:
        return str(e), len(table)


def set_change(items):
    try:
        for item in items:
            items.add(item + 100)
    except RuntimeError as e:
        return str(e)


def body(out):
    out(grow([1], 10))
    out(shrink([1, 2, 3, 4, 5]))
    out(replace([1, 2, 3]))
    out(dict_change({"a": 1}), set_change({1}))
    out(dict_same_size({"a": 1, "b": 2}))
    table = {"a": 1, "b": 2}
    for key, value in table.items():
        table[key] = value + 1
    out(table)
    items = [1, 2, 3]
    it = iter(items)
    next(it); next(it); next(it)
    out(next(it, "end"))
    items.append(4)
    out(next(it, "still ended"))


repeat(body)
