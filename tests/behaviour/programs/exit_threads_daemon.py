# The end of the process with daemon threads that are busy, atexit functions, and objects with __del__ at shutdown.
import atexit
import threading
import time


class Late:
    def __init__(self, name):
        self.name = name

    def __del__(self):
        print("del", self.name)


def busy():
    n = 0
    while True:
        n += 1


def at_exit(x):
    print("atexit", x)


atexit.register(at_exit, 1)
atexit.register(at_exit, 2)
keep = Late("module")
cycle = Late("cycle")
cycle.me = cycle
for _ in range(3):
    threading.Thread(target=busy, daemon=True).start()
time.sleep(0.05)
print("end of program", flush=True)
