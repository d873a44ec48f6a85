# A loop's unboxed local is the last argument of a call that always raises, so nothing that was ever seen to run
# comes after it: the local must still be an object of its own, in the handler and while the callee looks at it.
import sys

class Refused(Exception):
    pass

def refuse(value):
    del value
    others = [n * 1_000_003 for n in range(1000, 1010)]  # where a dead object was
    raise Refused(sys._getframe(1).f_locals["i"], others)

class Swallows:
    def __enter__(self):
        return refuse

    def __exit__(self, kind, error, traceback):
        return kind is Refused

def loop(n):
    total = 0
    for i in range(100_000_000, 100_000_000 + n):
        if not i % 7:
            with Swallows() as refused:
                refused(i)
        if not i % 11:
            try:
                refuse(i)
            except Refused as error:
                total += error.args[0] - i + 1
        total += i & 3
    return total

for _ in range(4):
    print(loop(20_000))
