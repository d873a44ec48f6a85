# The limit of the main thread's stack, lowered and raised while the program runs.
import resource
import sys

sys.setrecursionlimit(10**6)
_, hard = resource.getrlimit(resource.RLIMIT_STACK)


def set_limit(size):
    if hard == resource.RLIM_INFINITY or size <= hard:
        resource.setrlimit(resource.RLIMIT_STACK, (size, hard))
        return True
    return False


def down(n, some=1, others=2):
    if n == 0:
        return int(some != others)
    return down(n - 1, some, others) + 1


def nested(depth, value):
    items = value
    for _ in range(depth):
        items = [items]
    return items


def with_c_code(stack_bytes):
    depth = stack_bytes // 80  # of stack for each level
    some, others = nested(depth, 1), nested(depth, 2)
    print(stack_bytes, [down(n, some, others) for n in (0, 10, 300, 1000, 2000, 3000, 4000, 50_000)])


def with_limit(size):
    if set_limit(size):
        for _ in range(300):
            down(400)
        with_c_code(24 << 10)  # of what the stack has grown to before
        if size > 128 << 10:
            with_c_code(size * 3 // 4)


for size in (4 << 10, 64 << 10, 256 << 10, 8 << 20, 24 << 20, 4 << 10):
    with_limit(size)
