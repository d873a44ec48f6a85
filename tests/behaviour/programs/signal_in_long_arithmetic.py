# A handler that runs in the middle of arithmetic with long ints sees the locals as they are.
import signal


def hot(n, e):
    i = 0
    big = 0
    while i < n:
        i = i + 1
        big = [i, i]
        b = 3**e
        big = (i, b & 1)
        c = 3**e
    return i


wrong = set()
count = 0


def handler(number, frame):
    global count
    if frame.f_code.co_name != "hot":
        return
    count += 1
    line, big, i = frame.f_lineno - frame.f_code.co_firstlineno, frame.f_locals.get("big"), frame.f_locals.get("i")
    expected = {6: list, 8: tuple}
    if line in expected and (type(big) is not expected[line] or big[0] != i):
        wrong.add((line, type(big).__name__, i))


for k in range(30):
    hot(60, 50)
signal.signal(signal.SIGALRM, handler)
signal.setitimer(signal.ITIMER_REAL, 0.002, 0.002)
while count < 10:
    hot(10, 200000)
signal.setitimer(signal.ITIMER_REAL, 0)
print(sorted(wrong))
