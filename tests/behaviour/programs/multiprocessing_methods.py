# not-sanitized: a child that is forked beside another thread may find AddressSanitizer's allocator locked
# timeout: 120
# multiprocessing in each start method, pools, exceptions from children, concurrent.futures; children compile too.
import multiprocessing
import sys
from concurrent.futures import ProcessPoolExecutor


def work(n):
    total = 0
    for i in range(n):
        total += i * i % 11
    return total


def fails(n):
    raise ValueError(f"child {n}")


def info(_):
    return sys.flags.isolated, hasattr(sys, "pyston_version_info")


if __name__ == "__main__":
    for method in ("fork", "spawn", "forkserver"):
        context = multiprocessing.get_context(method)
        with context.Pool(2) as pool:
            print(method, pool.map(work, [100, 1000, 5000]))
            same = {x[1] for x in pool.map(info, range(2))} == {hasattr(sys, "pyston_version_info")}
            print(same)
            try:
                pool.apply(fails, (3,))
            except ValueError as e:
                print(e)
        q = context.Queue()
        p = context.Process(target=q.put, args=("hello",))
        p.start()
        print(q.get(timeout=30))
        p.join()
        print(p.exitcode)
    with ProcessPoolExecutor(2) as pool:
        print(list(pool.map(work, [10, 20])))
