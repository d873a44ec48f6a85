# Functions called often from cold code, where calls run without the frame evaluation hook and
# compiled functions are entered from frames that the interpreter has inlined.
import dis
import gc
import marshal
import sys
import threading
import traceback
import weakref

ROUNDS = 300


# --- what stands first in a function is what entering it overwrites
class Truth:
    def __init__(self, value):
        self.value = value

    def __bool__(self):
        return bool(self.value)


class Dies:
    log = []

    def __init__(self, name):
        self.name = name

    def __del__(self):
        Dies.log.append(self.name)


def first_if(x):
    if x:
        return "yes"
    return "no"


def first_del(x):
    del x
    return len(Dies.log)


def first_store(x):
    x = None
    return len(Dies.log), x


def first_while(n):
    while True:
        n -= 1
        if n < 0:
            return n


def first_for(items):
    total = 0
    for item in items:
        total += item
    return total


def first_try(x):
    try:
        return 10 // x
    except ZeroDivisionError:
        return "none"


def first_with(manager):
    with manager as inside:
        return inside


def first_compare(a, b):
    return a < b


def first_subscript(a, b):
    return a[b]


def first_raise(x):
    raise ValueError(x)


def first_bare_raise():
    raise


def first_attribute(x):
    return x.value


def first_global():
    return ROUNDS


def first_unbound(x):
    return y + x
    y = 1


def first_cell(x, y):
    def inner():
        nonlocal x
        x += y
        return x

    return inner


def with_keywords(a, /, b=2, *rest, c=3, **more):
    return a, b, rest, c, sorted(more.items())


class Manager:
    def __enter__(self):
        return "inside"

    def __exit__(self, *what):
        return False


class Other:
    def __init__(self, value):
        self.extra = 1
        self.value = value


class Lazy:
    @property
    def value(self):
        return "property"


def bare():
    try:
        {}["key"]
    except KeyError:
        first_bare_raise()


def attempt(function, *args):
    try:
        return function(*args)
    except Exception as error:
        return type(error).__name__, str(error), [
            (entry.name, entry.lineno) for entry in traceback.extract_tb(error.__traceback__)
        ]


def all_of_them(i):
    closure = first_cell(i, 1)
    return [
        first_if(i % 2),
        first_if(Truth(i % 3)),
        first_del(Dies(i)),
        first_store(Dies(-i)),
        first_while(i % 5),
        first_for(range(i % 4)),
        first_for((1.5, i)),
        first_try(i % 4),
        first_with(Manager()),
        first_compare(i, 2),
        first_compare("a", "b"),
        first_subscript([1, 2, 3], i % 3),
        first_subscript({0: "x", 1: "y"}, i % 2),
        attempt(first_subscript, [1], 5),
        attempt(first_raise, i),
        attempt(bare),
        attempt(first_bare_raise),
        first_attribute(Truth(i)),
        first_attribute(Other(i)) if i % 7 == 3 else None,
        first_attribute(Lazy()) if i % 31 == 30 else None,
        attempt(first_attribute, i) if i % 50 == 40 else None,
        first_global(),
        attempt(first_unbound, i),
        closure(),
        closure(),
        with_keywords(i, 5, 6, 7, c=8, d=9),
        with_keywords(i),
        attempt(with_keywords),
    ]


def caller(i):
    return all_of_them(i)


seen = 0
for i in range(ROUNDS):
    result = caller(i)
    seen = hash((seen, repr(result)[: 200 + i])) if i > 5 else seen
    if i in (0, 5, 40, 99, 180, 299):
        print(i, result)
print(len(Dies.log), Dies.log[:6], Dies.log[-6:])


# --- frames that outlive their call, and who called
kept = []


def keep(i, name):
    local = [name]
    if i % 60 == 59:
        kept.append(sys._getframe())
        kept.append(sys._getframe(1))
    return local


def keeper(i):
    x = keep(i, "first")
    y = keep(i, "second")
    return x + y


def fails(i):
    if i % 60 == 58:
        raise KeyError(i)
    return i


def failing(i):
    before = fails(i)
    return before


def outer(i):
    try:
        keeper(i)
        return failing(i)
    except KeyError as error:
        kept.append(error.__traceback__.tb_next.tb_next.tb_frame)
        return traceback.format_exc()


for i in range(ROUNDS):
    text = outer(i)
    if isinstance(text, str):
        print(text)
for frame in kept:
    locals_of = {k: v for k, v in frame.f_locals.items() if k != "kept"} if frame.f_code is not outer.__code__ else "..."
    back = frame.f_back.f_code.co_name if frame.f_back else None
    print(frame.f_code.co_name, frame.f_lineno, locals_of if back != "<module>" else "module", back)
kept.clear()


# --- tracing that begins in a function that was entered so
events = []


def tracer(frame, event, argument):
    events.append((event, frame.f_code.co_name, frame.f_lineno))
    return tracer


def profiler(frame, event, argument):
    events.append((event, frame.f_code.co_name, frame.f_lineno))


def inner(i):
    if i == 250:
        sys.settrace(tracer)
    if i == 270:
        sys.setprofile(profiler)
    return i + 1


def raises(i):
    inner(i)
    if i in (251, 271):
        raise IndexError(i)
    return i


def middle(i):
    a = inner(i)
    b = inner(-i)
    try:
        raises(i)
    except IndexError:
        b = 0
    return a + b


def traced(i):
    value = middle(i)
    value += middle(i + 1)
    return value


total = 0
for i in range(ROUNDS):
    total += traced(i)
    if i in (251, 271):
        sys.settrace(None)
        sys.setprofile(None)
print(total, len(events))
for event in events:
    print(*event)


# --- what programs see of the code
def looked_at(a, b=(1, 2)):
    return a + 1.5, "text", b


def looks(i):
    return looked_at(i)


before = looked_at.__code__.co_code, looked_at.__code__.co_consts, marshal.dumps(looked_at.__code__)
copy = marshal.loads(before[2])
for i in range(ROUNDS):
    looks(i)
code = looked_at.__code__
print(code.co_code == before[0], code.co_consts == before[1], marshal.dumps(code) == before[2])
print(code == copy, copy == code, hash(code) == hash(copy), len(code.co_consts), code.replace(co_name="x").co_consts)
print([(entry.opname, entry.argrepr) for entry in dis.get_instructions(looked_at)])
print([entry.opname for entry in dis.get_instructions(looked_at, adaptive=True)][0])
for i in range(ROUNDS):
    looks(i)
print(looks(1), sys.getsizeof(code.co_consts) == sys.getsizeof(before[1]), gc.is_tracked(code.co_consts))


# --- the arguments' deaths, and functions that die
class Named:
    def __init__(self, name):
        self.name = name


def drops(a, b):
    b = a
    return b.name


def order(i):
    one, two = Named("one"), Named("two")
    log = []
    ends = [weakref.ref(one, lambda _: log.append(1)), weakref.ref(two, lambda _: log.append(2))]
    del two
    drops(one, Named("three"))
    del one
    return log, [end() for end in ends]


for i in range(ROUNDS):
    out = order(i)
print(out)


def make(i):
    space = {}
    exec(f"def short(x):\n    return x + {i % 10}\ndef calls(x):\n    return short(x) + short(x)", space)
    return space["calls"]


total = 0
for i in range(60):
    calls = make(i)
    for j in range(100):
        total += calls(j)
print(total)


# --- recursion, generators, threads, __code__ replaced in between
def depth(n):
    return 0 if n == 0 else 1 + depth(n - 1)


def numbers(n):
    for k in range(n):
        yield first_if(k % 2), (yield k)


def too_deep(i):
    try:
        return depth(10**6)
    except RecursionError as error:
        return str(error)


def mixed(i):
    return depth(i % 30), list(numbers(3)), sorted([3, 1, 2], key=lambda k: first_compare(k, 2))


for i in range(ROUNDS):
    out = mixed(i)
print(out, [too_deep(i) for i in range(3)])


def works(results, n):
    results.append(sum(first_for([k, 1]) for k in range(n)))


def starts(i):
    results = []
    if i % 50 == 49:
        threads = [threading.Thread(target=works, args=(results, 2000)) for _ in range(3)]
        for thread in threads:
            thread.start()
        first_for(range(3000))
        for thread in threads:
            thread.join()
    return results


for i in range(ROUNDS):
    out = starts(i)
    if out:
        print(i, out)


def changes(x):
    return x, "old"


def new(x):
    return x, "new"


def uses(i):
    if i == 200:
        changes.__code__ = new.__code__
    return changes(i)


print([uses(i) for i in range(ROUNDS)][195:205])
