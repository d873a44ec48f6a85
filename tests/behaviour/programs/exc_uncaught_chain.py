# Uncaught, with a chain, a note, and a group.
def start():
    try:
        for i in range(500):
            step(i)
    except LookupError as e:
        e.add_note("a note about it")
        raise ExceptionGroup("several", [e, ValueError("two"), ExceptionGroup("deep", [TypeError("three")])]) from e


def step(i):
    if i == 450:
        try:
            return {}[i]
        finally:
            print("leaving", i)
    return i


print("begin")
start()
