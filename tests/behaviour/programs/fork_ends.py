# fork at any moment, while threads of Pyston's own are in the middle of anything: children end as programs do.
import os
import sys
import time


def work(n):
    total = 0
    for i in range(n):
        total += i % 3
    return total


class Noisy:
    def __del__(self):
        os.write(1, b"d")


kept = Noisy()
ballast = [bytes(4096) for _ in range(4000)]  # a fork takes a while
sys.stdout.flush()
for child in range(40):
    end = time.perf_counter() + child / 20_000
    while time.perf_counter() < end:
        work(20)
    pid = os.fork()
    if pid == 0:
        sys.exit(child)
    status = os.waitpid(pid, 0)[1]
    if os.waitstatus_to_exitcode(status) != child:
        print("child", child, "ended with", status)
print("all ended")
