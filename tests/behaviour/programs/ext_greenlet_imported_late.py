# not-sanitized: AddressSanitizer does not know that stacks are copied
# The greenlet package comes while a call runs without the frame evaluation hook, which then raises.
import os


def imports(now):
    if now:
        import greenlet

        raise KeyError(greenlet.__name__)
    return 1


def calls(now):
    return imports(now)


# It can come once in a process. Several, since one of some calls is a sample; early, before `calls` is compiled
# in the warm mode. Caught out here, where the hook is back.
for i in range(1010):
    is_child = i in (9, 10, 11, 1000, 1001) and os.fork() == 0
    try:
        calls(is_child)
    except KeyError as error:
        print(i, repr(error), [calls(False) for _ in range(10)], flush=True)
        os._exit(0)
    if i in (9, 10, 11, 1000, 1001):
        os.wait()
print("end")
