# Exceptions set in another thread, pending calls, and switch of the GIL in a loop without calls.
import ctypes
import sys
import threading
import time


class Stop(Exception):
    pass


def spin(log):
    n = 0
    try:
        log.append("started")
        while True:
            n += 1
    except Stop:
        log.append("stopped")


log = []
t = threading.Thread(target=spin, args=(log,))
t.start()
while not log:
    time.sleep(0.001)
time.sleep(0.01)
print(ctypes.pythonapi.PyThreadState_SetAsyncExc(ctypes.c_ulong(t.ident), ctypes.py_object(Stop)))
t.join(20)
print(log, t.is_alive())
calls = []
CALLBACK = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_void_p)


@CALLBACK
def pending(arg):
    calls.append("pending")
    return 0


def loop():
    ctypes.pythonapi.Py_AddPendingCall(pending, None)
    i = 0
    while not calls and i < 10_000_000:
        i += 1
    return i < 10_000_000


print(loop(), calls)
