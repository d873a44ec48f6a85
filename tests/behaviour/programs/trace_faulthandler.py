# faulthandler: dump_traceback of hot frames, of other threads, and after a real crash.
import ctypes
import faulthandler
import subprocess
import sys
import threading


def inner(n, f):
    for i in range(n):
        if i == n - 1:
            f()
    return n


def outer(n, f):
    return inner(n, f) + 1


for _ in range(100):
    outer(10, int)


def show(text):
    for line in text.splitlines():
        if "File" in line or "Fatal" in line or "most recent" in line:
            line = line.split("(0x")[0] if "hread" not in line else "thread"
            print(line.replace(__file__, "<file>"))


if len(sys.argv) > 1:
    faulthandler.enable()
    outer(500, lambda: ctypes.string_at(0))
with open("dump", "w+") as f:
    outer(500, lambda: faulthandler.dump_traceback(file=f, all_threads=False))
    f.seek(0)
    show(f.read())
    f.seek(0)
    f.truncate()
    ready, done = threading.Event(), threading.Event()
    t = threading.Thread(target=lambda: outer(50, lambda: (ready.set(), done.wait())))
    t.start()
    ready.wait()
    import time
    time.sleep(0.05)
    faulthandler.dump_traceback(file=f, all_threads=True)
    done.set()
    t.join()
    f.seek(0)
    text = f.read()
    print("in inner" in text and "in outer" in text, text.count("hread 0x"))
crashed = subprocess.run([sys.executable, __file__, "crash"], capture_output=True, text=True)
print(crashed.returncode)
lines = [line for line in crashed.stderr.splitlines() if "File" in line and __file__ in line]
print("\n".join(line.replace(__file__, "<file>") for line in lines))
