# Threads that run the same hot code, switch often, use locks, queues and thread-local data.
import queue
import sys
import threading

sys.setswitchinterval(1e-5)


def work(n, k):
    total = 0
    for i in range(n):
        total += i * k % 7
    return total


class Shared:
    def __init__(self):
        self.lock = threading.Lock()
        self.n = 0

    def add(self):
        with self.lock:
            self.n += 1


def run(shared, results, k):
    for _ in range(300):
        shared.add()
    results[k] = work(20_000, k)
    local.value = k
    for _ in range(50):
        assert local.value == k


local = threading.local()
shared, results = Shared(), {}
threads = [threading.Thread(target=run, args=(shared, results, k)) for k in range(8)]
for t in threads:
    t.start()
for t in threads:
    t.join()
print(shared.n, sorted(results.items()))


def producer(q, n):
    for i in range(n):
        q.put(i)
    q.put(None)


def consumer(q, out):
    while (item := q.get()) is not None:
        out.append(item * 2)


q, out = queue.Queue(10), []
ts = [threading.Thread(target=producer, args=(q, 500)), threading.Thread(target=consumer, args=(q, out))]
for t in ts:
    t.start()
for t in ts:
    t.join()
print(len(out), sum(out))
flag = []


def spin():
    n = 0
    while not flag:
        n += 1
    return n


t = threading.Thread(target=lambda: flag.append(spin()))
spinner = threading.Thread(target=spin)
spinner.start()
import time
time.sleep(0.02)
flag.append(1)
spinner.join(10)
print(spinner.is_alive())


def excepthook(args):
    print("in thread", repr(args.exc_value))


threading.excepthook = excepthook
t = threading.Thread(target=lambda: [1 // (5 - i) for i in range(10)])
t.start()
t.join()
from concurrent.futures import ThreadPoolExecutor
with ThreadPoolExecutor(4) as pool:
    print(list(pool.map(work, [1000] * 6, range(6))))
