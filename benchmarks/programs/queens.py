"""All solutions of the ten queens problem, with a recursive generator and sets of diagonals."""


def place(n, row=0, columns=(), falling=frozenset(), rising=frozenset()):
    if row == n:
        yield columns
        return
    for column in range(n):
        if column in columns or row - column in falling or row + column in rising:
            continue
        yield from place(n, row + 1, columns + (column,), falling | {row - column}, rising | {row + column})


def count_with_bits(n, row=0, columns=0, falling=0, rising=0):
    if row == n:
        return 1
    total = 0
    free = ~(columns | falling | rising) & ((1 << n) - 1)
    while free:
        bit = free & -free
        free ^= bit
        total += count_with_bits(n, row + 1, columns | bit, (falling | bit) << 1, (rising | bit) >> 1)
    return total


solutions = list(place(10))
print(len(solutions), solutions[0], solutions[-1])
print([count_with_bits(n) for n in range(4, 13)])
