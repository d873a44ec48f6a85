# No memory for the exception's traceback entry either: the MemoryError is told of without one.
import _testcapi


class C:
    pass


def caught(failures):
    _testcapi.set_nomemory(0, failures)
    try:
        C()
    except MemoryError:
        return "MemoryError"
    finally:
        _testcapi.remove_mem_hooks()
    return "made"


print([caught(n) for n in range(1, 5)])
_testcapi.set_nomemory(0, 2)
C()
