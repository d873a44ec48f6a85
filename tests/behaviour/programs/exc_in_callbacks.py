# Exceptions that pass through C code: sorted keys, map, dict methods, __getattr__, __iter__, __del__.
import sys
from _repeat import repeat


class Bad:
    def __init__(self, n):
        self.n = n

    def __lt__(self, other):
        if self.n + other.n == 5:
            raise ValueError(f"compare {self.n} {other.n}")
        return self.n < other.n

    def __hash__(self):
        if self.n == 3:
            raise TypeError("no hash for 3")
        return self.n

    def __eq__(self, other):
        raise RuntimeError("no equality")

    def __iter__(self):
        yield self.n
        raise OSError("iteration")

    def __index__(self):
        if self.n == 2:
            raise IndexError("index")
        return self.n

    def __len__(self):
        return -1

    def __format__(self, spec):
        raise KeyError(spec)


def attempt(f):
    try:
        return f()
    except Exception as e:
        line = e.__traceback__
        depth = 0
        while line:
            depth += 1
            line = line.tb_next
        return f"{type(e).__name__}: {e} at {depth}"


def body(out):
    b = [Bad(i) for i in range(6)]
    out(attempt(lambda: sorted(b)), attempt(lambda: [x.n for x in sorted([b[0], b[1]])]))
    out(attempt(lambda: {b[3]: 1}), attempt(lambda: {b[1]: 1, Bad(1): 2}), attempt(lambda: b[1] in {b[2]: 1}))
    out(attempt(lambda: list(b[4])), attempt(lambda: sum(b[4])), attempt(lambda: [*b[5]]), attempt(lambda: max(*b[4])))
    out(attempt(lambda: "abcdef"[b[1]]), attempt(lambda: "abc"[b[2]]), attempt(lambda: range(b[2])))
    out(attempt(lambda: len(b[0])), attempt(lambda: f"{b[0]:spec}"), attempt(lambda: list(map(lambda x: 1 // x, [1, 0]))))
    out(attempt(lambda: "".join(["a", 1])), attempt(lambda: [].pop()), attempt(lambda: b.index(b[1])), attempt(lambda: int("z", 99)))


def unraisable(args):
    print("unraisable", repr(args.exc_value), getattr(args.object, "__qualname__", None))


class Dies:
    def __del__(self):
        raise ValueError("in __del__")


sys.unraisablehook = unraisable
repeat(body)
for _ in range(3):
    d = Dies()
    del d
