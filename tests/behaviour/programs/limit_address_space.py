# not-sanitized: a sanitizer needs terabytes of addresses
# modes: default, warm, ticks, compile-all, stress-exits
# A program limits its address space and its data, and uses most of them.
import os
import resource

for kind, kilobytes in ((resource.RLIMIT_AS, 400_000), (resource.RLIMIT_DATA, 320_000)):
    resource.setrlimit(kind, (kilobytes << 10, resource.getrlimit(kind)[1]))


def work(n):
    total = 0
    for i in range(n):
        total += i
    return total


def many(count):
    namespace = {}
    for number in range(count):
        source = f"def f(a):\n    t = {number}\n    for i in range(a): t += i * {number}\n    return t"
        exec(source, namespace)
        for _ in range(40):
            namespace["f"](5)
    return namespace["f"](3)


for i in range(3000):
    result = work(500)
print(result, many(100))
print(len(bytearray(250_000_000)))
held = bytearray(230_000_000)
print(len(held), work(10), many(100))
child = os.fork()
if child == 0:
    os._exit(0 if (work(10), many(100)) == (45, 396) else 1)
print(os.waitpid(child, 0)[1])
