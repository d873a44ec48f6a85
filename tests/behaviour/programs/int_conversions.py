# int subclasses, bool arithmetic, __index__, __int__, huge shifts, digits limit, bit operations on negatives.
import sys
from _repeat import repeat


class Sub(int):
    def __repr__(self):
        return f"Sub({int(self)})"


class Idx:
    def __index__(self):
        return 3


def calc(a, b):
    return a + b, a - b, a * b, a // b, a % b, a & b, a | b, a ^ b, -a, ~a, a << 1, a >> 1


def types(*values):
    return [type(v).__name__ for v in values]


def attempt(f):
    try:
        return f()
    except Exception as e:
        return f"{type(e).__name__}: {e}"


def body(out):
    for a, b in [(True, True), (Sub(7), 2), (7, Sub(2)), (Sub(-7), Sub(3)), (2**30, 2**30 - 1), (-(2**31), 2**15), (2**63, -1), (-1, 2**63)]:
        r = calc(a, b)
        out(r, types(*r))
    out([1, 2, 3, 4][Idx()], range(Idx()), "abcd"[: Idx()], hex(Idx()))
    out(1 << 100, -1 >> 100, (1 << 64) >> 64, -5 >> 1, -5 // 2, -5 % 3, 5 % -3, -(2**64) >> 3)
    out(int.from_bytes(b"\xff" * 9, "big"), (255).to_bytes(2, "little"), (2**70).bit_length(), (-8).bit_count(), attempt(lambda: str(10**5000)))
    out(sum(i * (-1) ** i for i in range(1000)), [x for x in range(-3, 3) if x & 1], 0x7FFFFFFFFFFFFFFF + 1, -0x8000000000000000 - 1)
    small = [i for i in range(-6, 260) if (i + 0) is (0 + i)]
    out(len(small) >= 262)


repeat(body, 30)
