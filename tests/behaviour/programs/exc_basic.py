# try, except, else, finally in every combination, with returns and loops inside.
from _repeat import repeat


def flow(kind):
    steps = []
    try:
        steps.append("try")
        if kind == "value":
            raise ValueError("v")
        if kind == "key":
            {}["missing"]
        if kind == "type":
            1 + "a"
        if kind == "return":
            return steps
    except ValueError as e:
        steps.append(f"value {e}")
    except (KeyError, IndexError) as e:
        steps.append(f"lookup {e!r}")
    except Exception as e:
        steps.append(type(e).__name__)
    else:
        steps.append("else")
    finally:
        steps.append("finally")
    steps.append("after")
    return steps


def override():
    try:
        return "try"
    finally:
        return "finally"


def swallow():
    while True:
        try:
            raise KeyError
        finally:
            break
    return "swallowed"


def loop(n):
    out = []
    for i in range(n):
        try:
            if i % 3 == 0:
                continue
            if i % 7 == 0:
                break
            out.append(i)
        finally:
            out.append(-i)
    return out


def unbound():
    try:
        raise ValueError
    except ValueError as e:
        pass
    try:
        return e
    except UnboundLocalError as error:
        return str(error)


def nested(n):
    try:
        try:
            if n == 0:
                raise ValueError("inner")
            return n
        except KeyError:
            return "never"
        finally:
            n += 10
    except ValueError as e:
        return f"outer {e} {n}"


def body(out):
    for kind in ("none", "value", "key", "type", "return"):
        out(kind, flow(kind))
    out(override(), swallow(), loop(10), unbound(), nested(0), nested(1))


repeat(body)
