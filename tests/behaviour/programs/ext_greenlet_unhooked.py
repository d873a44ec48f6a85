# not-sanitized: AddressSanitizer does not know that stacks are copied
# Switches between greenlets out of calls that run without the frame evaluation hook: frames that began
# without it go on when it is back, and their loops may have become hot meanwhile.
import greenlet


def inner(main, n):
    total = 0
    for k in range(n):
        total += main.switch(k)
    return total


def middle(main, n):
    return inner(main, n) + 1


def cold(main, n):
    return middle(main, n) * 2


def body(main, rounds, n):
    return [cold(main, n) for _ in range(rounds)]


def drive(rounds, n):
    main = greenlet.getcurrent()
    workers = [greenlet.greenlet(body) for _ in range(4)]
    values = [worker.switch(main, rounds + i, n) for i, worker in enumerate(workers)]
    results = {}
    step = 0
    while len(results) < len(workers):
        for i, worker in enumerate(workers):
            if i in results:
                continue
            step += 1
            value = worker.switch(step % 7)
            if worker.dead:
                results[i] = sum(value), len(value)
            else:
                values[i] += value
    return values, results, step


for _ in range(3):
    print(drive(40, 9))


# One that dies suspended, while another function runs without the hook.
log = []


def holds(main, i):
    try:
        for k in range(3):
            main.switch(k)
    finally:
        log.append(sum(leaf(k) for k in range(i % 5)))


def leaf(k):
    return k * k


def starts(i):
    other = greenlet.greenlet(holds)
    first = other.switch(greenlet.getcurrent(), i)
    return first + (other.switch() or 0)


def calls(i):
    return starts(i) + leaf(i)


print(sum(calls(i) for i in range(400)), len(log), log[:10])


# Exceptions thrown into one.
def catches(main):
    caught = 0
    while True:
        try:
            main.switch(caught)
        except KeyError as error:
            caught += leaf(error.args[0])


other = greenlet.greenlet(catches)
other.switch(greenlet.getcurrent())


def throws(i):
    return other.throw(KeyError(i))


def passes(i):
    return throws(i) + 1


print([passes(i) for i in range(300)][-3:])


# Greenlets that die suspended in a call without the hook, dropped in the midst of another such call, whose loop
# may be found hot by a call below it.
def waits(main, i):
    if i == 40:
        main.switch()
    return i


def step(main, i):
    return waits(main, i)


def suspended(main):
    for i in range(41):
        step(main, i)


def drops(box, n):
    total = i = 0
    while i < n:
        i += 1
        if i == 3 and box:
            box.clear()
            drops(box, 40)
        total += i
    return total


def between(box):
    return drops(box, 20)


def top(box):
    return between(box)


def dropped():
    other = greenlet.greenlet(suspended)
    other.switch(greenlet.getcurrent())
    return [other]


print({top(dropped()) for _ in range(300)})


# Greenlets suspended in the first instructions of functions that become compiled meanwhile.
class Suspends:
    def __init__(self, main=None):
        self.main = main

    def __neg__(self):
        if self.main:
            self.main.switch()
        return 7

    def __bool__(self):
        if self.main:
            self.main.switch()
        return self.main is not None


def negative(x):
    y = -x
    return [y] * 2


def truth(x):
    if x:
        return "true"
    y = [1, 2, 3]
    return len(y)


def resumed(function, rounds):
    other = greenlet.greenlet(lambda: function(Suspends(greenlet.getcurrent().parent)))
    plain = Suspends()
    for _ in range(10):  # warm, but not compiled
        function(plain)
    other.switch()
    for _ in range(rounds):
        function(plain)
    return other.switch(), function(plain)


print(resumed(negative, 5000), resumed(truth, 5000))
