# Code that becomes hot with what died in the interpreter's caches: methods of classes that are gone.
import gc

SOURCE = "def use(thing):\n    return thing.work(1)\n"


def make(n):
    class Thing:
        __slots__ = ()

        def work(self, x, scale=n):
            return x + scale

    return Thing()


class Stays:
    def work(self, x):
        return x


def stale(calls):
    """Specialized for a class that dies, then called with another one until it is compiled."""
    names = {}
    exec(SOURCE, names)
    use = names["use"]
    thing = make(calls)
    total = sum(use(thing) for _ in range(calls))
    del thing
    gc.collect()
    # What takes the place of the dead function is no object that code could refer to.
    ballast = [bytes([1]) * size for size in range(60, 180) for _ in range(50)]
    total += sum(use(Stays()) for _ in range(20))
    return total + len(ballast)


print([stale(calls) for calls in (9, 10, 11)] * 2)
print([stale(calls) for calls in range(1485, 1500)])
