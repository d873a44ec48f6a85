# Globals and builtins replaced, deleted and shadowed while code that uses them is hot.
import builtins

value = 1


def read():
    return value


def use_len(x):
    return len(x)


def use_print_name():
    return abs(-3)


results = []
for i in range(400):
    if i == 100:
        value = "changed"
    if i == 150:
        globals()["value"] = 2.5
    if i == 200:
        del value
        builtins.value = "from builtins"
    if i == 250:
        value = "back"
        del builtins.value
    if i == 300:
        len = lambda x: "shadowed"
    if i == 330:
        del len
    if i == 350:
        original = builtins.len
        builtins.len = lambda x: "patched"
    if i == 370:
        builtins.len = original
    r = (read(), use_len([1, 2]))
    if not results or results[-1][1:] != r:
        results.append((i, *r))
print(results)


def loop():
    seen = []
    for i in range(1000):
        if i == 500:
            globals()["value"] = "in loop"
        if i == 700:
            builtins.abs = lambda x: "abs"
        r = value, abs(-1)
        if not seen or seen[-1][1:] != r:
            seen.append((i, *r))
    builtins.abs = saved
    return seen


saved = abs
print(loop())
value = 7
for n in range(50):
    exec(f"extra_{n} = {n}")
print(read(), extra_49)
custom = {"__builtins__": {"len": lambda x: "own builtins", "range": range}}
exec("def f(x): return len(x)\nr = [f([1]) for _ in range(200)][-1]", custom)
print(custom["r"])


class Tracing(dict):
    def __missing__(self, key):
        return f"missing {key}"


print(eval("x", {"x": 3}, {"x": 4}))
print(eval("nothing_here", {}, Tracing()))
