# Sites that unpack lists and tuples in turns, items whose class changes, finalizers between the stores, sequences that
# change while they are unpacked.
from _repeat import repeat


class Dies:
    def __init__(self, do):
        self.do = do

    def __del__(self):
        self.do()


class Tuple(tuple):
    def __iter__(self):
        return iter("xyz")


class List(list):
    def __iter__(self):
        return iter([7, 8, 9])


def loop(sequence, times):
    total = 0
    for _ in range(times):
        a, b, c = sequence
        total += a
        a, b, c = sequence
        total += b + c
    return total, a, b, c


def changing(sequences):
    seen = []
    for sequence in sequences:
        a, b, c = sequence
        seen.append(type(a).__name__)
        c, a, b = sequence
    return "".join(name[0] for name in seen), a, b, c


def replaced(sequence, old):
    """What dies with the old value of `a` changes the sequence: the other items were taken before."""
    a = b = None
    for i in range(40):
        a = old()
        a, b = sequence
        if b is None:
            break
        a, b = sequence
    return a, b, i


def tooMany(sequence, times):
    done = 0
    try:
        for done in range(times):
            a, b = sequence
            if done == 35:
                sequence.append(3)
    except ValueError as e:
        return done, str(e), a, b
    return done, a, b


def none(sequence, times):
    for i in range(times):
        () = sequence
        [] = sequence
    return i


def body(out):
    for sequence in [(1, 2, 3), [1, 2, 3], (4, 5, 6), [1.5, 2.5, 3.5], (2**70, True, 2), range(3), List([1, 2, 3])]:
        out(loop(sequence, 50))
    out(changing([(1, 2, 3), [4, 5, 6]] * 30 + [("a", "b", "c"), ["d", None, 4.0], Tuple((1, 2, 3)), List()] * 10))
    items = [1, 2]
    out(replaced(items, lambda: Dies(lambda: items.__setitem__(slice(None), [5, None]))))
    out(replaced((1, 2), lambda: Dies(lambda: None)))
    keeps = [[1], [2]]
    out(replaced(keeps, lambda: Dies(lambda: keeps.__setitem__(slice(None), [[3], [4]]))))
    out(tooMany([1, 2], 60))
    out(tooMany([1, "2"], 30))
    for nothing in [(), [], "", {}]:
        out(none(nothing, 40))
    for wrong in [(1,), [1, 2, 3], 5]:
        try:
            out(none(wrong, 40))
        except (ValueError, TypeError) as e:
            out(type(e).__name__, e)


repeat(body)
