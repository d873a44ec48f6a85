# Generators resumed thousands of times, pipelines, and state that must survive in both tiers.
def squares(n):
    i = 0
    total = 0.5
    while i < n:
        total += i
        yield i * i
        i += 1
    return total


def evens(source):
    for x in source:
        if x % 2 == 0:
            yield x


def pairs(source):
    previous = None
    for x in source:
        if previous is not None:
            yield previous, x
        previous = x


def chain(*sources):
    for s in sources:
        r = yield from s
        if r is not None:
            yield r


def tree(depth):
    if depth:
        yield from tree(depth - 1)
        yield depth
        yield from tree(depth - 1)


def interleave(a, b):
    a, b = iter(a), iter(b)
    while True:
        try:
            yield next(a)
            yield next(b)
        except StopIteration:
            return


print(sum(a * b % 7 for a, b in pairs(evens(squares(5000)))))
print(sum(chain(squares(500), evens(squares(500)))))
print(sum(tree(12)), max(tree(5)), list(tree(3)))
print(sum(interleave(squares(2000), evens(squares(3000)))))
gens = [squares(100 + i) for i in range(20)]
total = 0
while gens:
    g = gens.pop(0)
    try:
        total += next(g)
        gens.append(g)
    except StopIteration as e:
        total += e.value
print(total)
