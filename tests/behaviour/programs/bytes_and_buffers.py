# bytes, bytearray, memoryview, array: indexing, slices, in-place changes in loops, buffers held by views.
import array
from _repeat import repeat


def checksum(data):
    a, b = 1, 0
    for byte in data:
        a = (a + byte) % 65521
        b = (b + a) % 65521
    return (b << 16) | a


def xor(data, key):
    out = bytearray(len(data))
    for i in range(len(data)):
        out[i] = data[i] ^ key[i % len(key)]
    return bytes(out)


def sieve(n):
    flags = bytearray([1]) * (n + 1)
    flags[0:2] = b"\0\0"
    for i in range(2, int(n**0.5) + 1):
        if flags[i]:
            flags[i * i :: i] = bytes(len(range(i * i, n + 1, i)))
    return [i for i, f in enumerate(flags) if f]


def attempt(f):
    try:
        return f()
    except Exception as e:
        return f"{type(e).__name__}: {e}"


def body(out):
    import zlib
    data = bytes(range(256))
    out(checksum(data) == zlib.adler32(data), xor(b"hello", b"k"), xor(xor(b"hello", b"key"), b"key"), sieve(60))
    a = array.array("d", [1.5, 2.5])
    for i in range(3):
        a.append(a[-1] * 2)
    out(a, sum(a), array.array("i", range(3))[1], attempt(lambda: array.array("b", [200])))
    b = bytearray(b"abc")
    m = memoryview(b)
    m[0] = 88
    out(b, attempt(lambda: b.append(1)), m[1:].tobytes(), m.tolist(), attempt(lambda: m.__setitem__(9, 1)))
    m.release()
    b.append(1)
    out(b, attempt(lambda: m[0]), b[-1], b"a" + b, b"%d" % 5, b"abc"[1], b"abc"[1:2], attempt(lambda: b"a" + "b"), attempt(lambda: bytes([256])))
    matrix = [array.array("l", [0] * 3) for _ in range(3)]
    for i in range(3):
        for j in range(3):
            matrix[i][j] += i * j
    out([list(r) for r in matrix])


repeat(body)
