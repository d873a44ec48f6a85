# break, continue, else, nesting, a loop variable that outlives its loop, and iterators that are shared.
from _repeat import repeat


def search(rows, wanted):
    for y, row in enumerate(rows):
        for x, cell in enumerate(row):
            if cell == wanted:
                break
            if cell is None:
                continue
        else:
            continue
        return y, x
    else:
        return "absent"


def collatz(n):
    steps = 0
    while n != 1:
        n = n // 2 if n % 2 == 0 else 3 * n + 1
        steps += 1
        if steps > 1000:
            return None
    else:
        steps = -steps
    return -steps


def shared(n):
    it = iter(range(n))
    pairs = []
    for a in it:
        for b in it:
            pairs.append((a, b))
            break
        else:
            pairs.append((a, "end"))
    return pairs


def body(out):
    rows = [[None, 1, 2], [3, None, 4], [5, 6, 7]]
    out([search(rows, w) for w in (1, 4, 7, None, 9)])
    out([collatz(n) for n in range(1, 30)])
    out(shared(5), shared(4), shared(0))
    for i in range(3):
        pass
    out(i)
    for i in ():
        pass
    out(i)
    out([(a, b) for a in range(4) if a % 2 for b in range(a)])


repeat(body)
