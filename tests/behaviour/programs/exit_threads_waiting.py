# The process ends while daemon threads wait for the interpreter's lock, in the midst of calls: they just end.
import os
import random
import sys
import threading
import time

has_run = set()


def works():
    while True:
        with open(__file__, "rb") as source:
            stuff = source.read(200)
            with open(os.devnull, "wb") as sink:
                sink.write(stuff)
                time.sleep(random.random() / 2000)
        has_run.add(threading.current_thread())


for _ in range(40):
    threading.Thread(target=works, daemon=True).start()
while len(has_run) < 40:
    time.sleep(0.001)
print("end of program")
sys.exit(3)
