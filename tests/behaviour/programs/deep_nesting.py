# Blocks nested as deep as the compiler allows, expressions on a deep stack, loops in loops in loops.
from _repeat import repeat

source = ["def blocks(n):", "    log = []"]
for d in range(18):
    source.append("    " * (d + 1) + ("for i in range(1):" if d % 3 == 0 else "try:" if d % 3 == 1 else "with M(log):"))
source.append("    " * 19 + "log.append(1 // n)")
for d in reversed(range(18)):
    if d % 3 == 1:
        source.append("    " * (d + 1) + "finally:")
        source.append("    " * (d + 2) + f"log.append({d})")
source.append("    return log")


class M:
    def __init__(self, log):
        self.log = log

    def __enter__(self):
        self.log.append("in")

    def __exit__(self, kind, value, tb):
        self.log.append(kind and kind.__name__)
        return False


exec("\n".join(source))


def loops():
    t = 0
    for a in range(3):
        for b in range(3):
            for c in range(3):
                for d in range(3):
                    for e in range(3):
                        t += a * b + c * d - e
                        if t > 100:
                            t -= 50
                            continue
                        if (a, b, c) == (2, 2, 1):
                            break
    return t


def stack(x):
    return (x, (x + 1, [x + 2, {x + 3: (x + 4, f"{x + 5}{(lambda y: (y, y + 1))(x + 6)}")}], *range(x)))


def body(out):
    out(blocks(1))
    try:
        blocks(0)
    except ZeroDivisionError as e:
        out(e)
    out(loops(), stack(2))


repeat(body)
