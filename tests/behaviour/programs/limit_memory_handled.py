# not-sanitized: a sanitizer needs terabytes of addresses
# timeout: 60
# A program runs out of memory, handles that, and goes on with next to none: what is hot then is not compiled.
import resource

unlimited = resource.getrlimit(resource.RLIMIT_AS)


def make(number, terms):
    lines = "".join(f"        t = (t + i * {k + number}) & 1048575\n" for k in range(terms))
    namespace = {}
    exec(f"def f(n):\n    t = 0\n    for i in range(n):\n{lines}    return t\n", namespace)
    return namespace["f"]


def mixed(n):
    t = 0.0
    k = 0
    for i in range(n):
        t = t * 0.5 + i
        k = (k * 3 + i) & 65535
        if k > 40000:
            t -= 1.0
        elif k < 100:
            t += 2.0
    return t


def limit(megabytes):
    with open("/proc/self/statm") as statm:
        size = int(statm.read().split()[0]) * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_AS, (size + (megabytes << 20), unlimited[1]))


def fill(smallest):
    held = []
    size = 1 << 20
    while size >= smallest:
        try:
            while True:
                held.append(bytearray(size))
        except MemoryError:
            size //= 2
    return held


def call_often(functions, times):
    results = []
    for f in functions:
        for _ in range(times):
            result = f(100)
        results.append(result)
    return results


functions = [make(number, terms) for number, terms in enumerate((1, 10, 100, 300))] + [mixed]
for smallest in (65536, 4096, 512):
    limit(16)
    held = fill(smallest)
    # (What is hot now may itself be out of memory.)
    try:
        for _ in range(300):
            mixed(300)
        results = call_often(functions, 50)
        said = "went on"
    except MemoryError:
        said = "MemoryError"
    del held
    resource.setrlimit(resource.RLIMIT_AS, unlimited)
    print(said in ("went on", "MemoryError"))
print(call_often(functions, 50))
