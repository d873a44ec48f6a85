# Hot loops of the module itself: names are globals, seen and changed by functions, deleted, printed.
total = 0
for i in range(2000):
    total += i
print(total, i)
x, n = 1, 0
while n < 70:
    x = x * 2
    n += 1
print(x)


def peek():
    return counter, globals()["counter"]


def poke(v):
    global counter
    counter = v


counter = 0
checks = []
while counter < 1000:
    counter += 1
    if counter % 300 == 0:
        checks.append(peek())
    if counter == 950:
        poke(980)
print(checks, counter)
for k in [1] * 600:
    if k == 1:
        k = 2.5
print(k)
try:
    for i in range(1000):
        if i == 700:
            del total
        if i == 800:
            total
except NameError as e:
    print(e, i)
items = []
for i in range(500):
    items.append(lambda: i)
print(items[0](), items[-1]())
for i in range(700):
    try:
        if i % 100 == 99:
            raise ValueError(i)
    except ValueError as e:
        last = e
    finally:
        done = i
print(last, done)
nested = 0
for a in range(30):
    for b in range(30):
        if b > a:
            continue
        for c in range(3):
            nested += a * b * c
print(nested)
with open(__file__) as f:
    words = {}
    for line in f:
        for word in line.split():
            words[word] = words.get(word, 0) + 1
print(sorted(words.items(), key=lambda kv: (-kv[1], kv[0]))[:5])
result = [y for y in range(1000) if y % 97 == 0]
print(result)
