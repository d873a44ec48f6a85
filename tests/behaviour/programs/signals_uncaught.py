# ignore-stderr: ^\s+(while True|n \+= 1|\^+|File .*in spin|spin\(\))|^\s*$
# Ctrl-C that nobody catches ends the process with the signal.
import os
import signal
import threading
import time

signal.signal(signal.SIGINT, signal.default_int_handler)


def kill():
    time.sleep(0.1)
    os.kill(os.getpid(), signal.SIGINT)


def spin():
    n = 0
    while True:
        n += 1


threading.Thread(target=kill).start()
print("spinning", flush=True)
spin()
