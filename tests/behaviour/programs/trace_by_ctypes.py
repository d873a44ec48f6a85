# A profiler that is set through the C interface, by a library that looks the function up itself.
import ctypes

PROFILER = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.py_object, ctypes.py_object, ctypes.c_int, ctypes.c_void_p)
set_profile = ctypes.pythonapi.PyEval_SetProfile
set_profile.argtypes = [ctypes.c_void_p, ctypes.py_object]
set_profile.restype = None
events = []


@PROFILER
def profiler(data, frame, what, argument):
    events.append((frame.f_code.co_name, what))
    return 0


def leaf(n):
    return n + 1


def loop(n, begin):
    total = 0
    for i in range(n):
        total += leaf(i)
        if i == begin:
            set_profile(ctypes.cast(profiler, ctypes.c_void_p), None)
        if i == begin + 3:
            set_profile(None, None)
    return total


print(loop(30000, -10), loop(30000, 29000), events)
events.clear()
print(loop(200, 50), events)
