# __code__, __defaults__, __kwdefaults__, __globals__ sharing, and closures' cells, replaced under hot code.
import types


def target(a, b=1, *, c=2):
    return a + b + c


def other(a, b=1, *, c=2):
    return ("other", a, b, c)


def call(i):
    return target(i)


def call_keywords(i):
    return target(i, c=10)


log = []
for i in range(500):
    if i == 100:
        target.__defaults__ = (100,)
    if i == 150:
        target.__kwdefaults__ = {"c": 1000}
    if i == 200:
        target.__code__ = other.__code__
    if i == 250:
        target.__defaults__ = None
    if i == 270:
        target.__defaults__ = (5,)
    if i == 300:
        target.__kwdefaults__ = None
    if i == 350:
        target = lambda a, c=0: ("lambda", a, c)
    if i == 400:
        class target:
            def __init__(self, a, c=None):
                self.a = a
            def __repr__(self):
                return f"instance {self.a}"
    try:
        r = repr((call(0), call_keywords(0)))
    except TypeError as e:
        r = str(e)
    if not log or log[-1][1] != r:
        log.append((i, r))
print(*log, sep="\n")


def make(x):
    def get():
        return x
    def set(v):
        nonlocal x
        x = v
    return get, set


get, set_ = make(1)
seen = []
for i in range(200):
    if i == 100:
        set_("two")
    if i == 150:
        get.__closure__[0].cell_contents = 3.0
    if not seen or seen[-1] != get():
        seen.append(get())
print(seen)
del get.__closure__[0].cell_contents
try:
    get()
except NameError as e:
    print(e)
clone = types.FunctionType(other.__code__, {}, "clone", (7,))
clone.__kwdefaults__ = {"c": 8}
print(clone(1), other.__code__.replace(co_name="renamed").co_name)


def selfmod(n):
    if n == 50:
        selfmod.__code__ = (lambda n: "new code").__code__
    return n


print([selfmod(n) for n in range(49, 53)])
