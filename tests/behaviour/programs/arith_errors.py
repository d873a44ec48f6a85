# Arithmetic that raises, in loops where it usually does not.
from _repeat import repeat


def quotients(pairs):
    good = []
    for a, b in pairs:
        try:
            good.append(a // b)
        except ZeroDivisionError as e:
            good.append(str(e))
    return good


def shift(a, b):
    return a << b


def power(a, b):
    return a**b


def attempt(f, *args):
    try:
        return f(*args)
    except Exception as e:
        return f"{type(e).__name__}: {e}"


def body(out):
    out(quotients([(i, i % 5) for i in range(20)]))
    out(quotients([(1.5, 0.0), (7.5, 2.0), (True, False), (2**80, 0)]))
    out(attempt(shift, 1, -1), attempt(shift, 1, 100), attempt(shift, 1.0, 1))
    out(attempt(power, 2, 100), attempt(power, 2, -1), attempt(power, 0, -1), attempt(power, -8, 1 / 3), attempt(power, 10.0, 400))
    out(attempt(lambda: 5 % 0), attempt(lambda: 5.0 % 0), attempt(lambda: divmod(1, 0)), attempt(lambda: int("x")))
    out(attempt(lambda: 10**400 * 1.0), attempt(lambda: float("inf") // 1), attempt(lambda: int(float("nan"))))


repeat(body)
