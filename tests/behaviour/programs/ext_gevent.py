# not-sanitized: AddressSanitizer does not know that stacks are copied
# gevent: greenlets, monkey-patched sockets, pools, timeouts, around hot code.
# ignore-stderr: Greenlet at 0x
from gevent import monkey

monkey.patch_all()
import socket
import threading

import gevent
from gevent.pool import Pool
from gevent.queue import Queue


def work(n):
    total = 0
    for i in range(n):
        total += i
        if i % 50 == 0:
            gevent.sleep(0)
    return total


print([g.get() for g in [gevent.spawn(work, 100 * i) for i in range(1, 6)]])
print(list(Pool(3).imap(work, [10, 20, 300])))
q = Queue()


def producer():
    for i in range(200):
        q.put(i)
    q.put(StopIteration)


gevent.spawn(producer)
print(sum(q))
try:
    with gevent.Timeout(0.05):
        while True:
            work(100)
except gevent.Timeout:
    print("timeout")
server = socket.socket()
server.bind(("127.0.0.1", 0))
server.listen()


def serve():
    for _ in range(20):
        c, _ = server.accept()
        c.sendall(c.recv(100).upper())
        c.close()


def ask(i):
    with socket.create_connection(server.getsockname()) as s:
        s.sendall(f"hello {i}".encode())
        return s.recv(100)


gevent.spawn(serve)
print(sorted(Pool(5).map(ask, range(20)))[:3])


def boom():
    gevent.sleep(0)
    raise ValueError("in greenlet")


g = gevent.spawn(boom)
try:
    g.get()
except ValueError as e:
    print(e)
r = []
t = threading.Thread(target=lambda: r.append(work(200)))
t.start()
t.join()
print(r)
