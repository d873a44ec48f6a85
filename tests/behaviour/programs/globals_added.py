# Names of globals and builtins whose dicts get others, lose some, and are changed, while code that uses them is hot.

import builtins
import types

from _repeat import repeat


def first(n):
    return "first", n


def second(n):
    return "second", n


target = first


def use(n):
    return target(n), len((n, n)), str(n)


def run(turns=40):
    return [use(i) for i in range(turns)][-1]


def added(out):
    for i in range(12):
        globals()[f"added_{i}"] = i
        out(run())
    for i in range(12):
        del globals()[f"added_{i}"]
        out(run())


repeat(added, 4)


def replaced(out):
    global target
    target = second
    out(run())
    target = first
    out(run())
    del target
    try:
        run()
    except NameError as e:
        out(e)
    target = second  # at another place in the dict
    out(run())
    target = first
    out(run())


repeat(replaced, 6)


def shadowed(out):
    out(run())
    globals()["len"] = lambda items: "a global"
    out(run())
    del globals()["len"]
    out(run())
    builtins.addition = 1
    out(run())
    kept, builtins.len = builtins.len, lambda items: "a builtin"
    out(run())
    builtins.len = kept
    del builtins.addition
    out(run())


repeat(shadowed, 6)


# A dict with a key that equals the name, and is another string.
def other_string(out):
    name = "".join(["tar", "get"])
    space = {"first": first, "len": len, "str": str, name: second}
    function = types.FunctionType(use.__code__, space)
    out([function(i) for i in range(40)][-1])
    space["more"] = 1
    out([function(i) for i in range(40)][-1])


repeat(other_string, 6)


# Namespaces of their own for the same code, with builtins of their own; one has keys that are no strings.
def spaces(out):
    made = []
    for i in range(6):
        space = {"__builtins__": {"len": lambda items, i=i: i, "str": str}}
        space.update({f"x{n}": n for n in range(i)})
        space["target"] = second if i % 2 else first
        if i == 3:
            space[i] = "not a string"
        made.append(types.FunctionType(use.__code__, space))
    for turn in range(40):
        results = [function(turn) for function in made]
    out(results)
    out(run())


repeat(spaces, 6)


# Each call adds a name.
def counts(n):
    globals()[f"count_{n}"] = n
    return first(n), len(str(n))


for i in range(3000):
    result = counts(i)
print(result, count_17, count_2999)  # noqa: F821


# A module's attributes.
module = types.ModuleType("module")
module.function = first


def use_module(n):
    return module.function(n)


def attributes(out):
    for i in range(12):
        setattr(module, f"more_{i}", i)
        out([use_module(n) for n in range(40)][-1])
    module.function = second
    out([use_module(n) for n in range(40)][-1])
    del module.function
    try:
        use_module(1)
    except AttributeError as e:
        out(e)
    module.function = first
    out([use_module(n) for n in range(40)][-1])
    for i in range(12):
        delattr(module, f"more_{i}")


repeat(attributes, 6)
