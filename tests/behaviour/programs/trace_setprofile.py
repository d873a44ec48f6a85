# sys.setprofile and threading.setprofile: call, return, c_call, c_return, c_exception events around hot code.
import sys
import threading


def leaf(x):
    return len(str(x))


def work(n):
    return sum(leaf(i) for i in range(n))


def fails():
    try:
        int("x")
    except ValueError:
        return max([1, 2])


events = []


def profiler(frame, event, arg):
    if event.startswith("c_"):
        events.append((event, arg.__name__, frame.f_code.co_name))
    else:
        events.append((event, frame.f_code.co_name, arg if isinstance(arg, (int, str)) else type(arg).__name__))


for _ in range(100):
    work(5)
    fails()
sys.setprofile(profiler)
work(3)
fails()
sys.setprofile(None)
print(*events, sep="\n")
events.clear()
threading.setprofile(profiler)
t = threading.Thread(target=work, args=(2,))
t.start()
t.join()
threading.setprofile(None)
print([e for e in events if e[1] in ("work", "leaf", "<genexpr>")])
print(work(10))
