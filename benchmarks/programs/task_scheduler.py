"""A small operating system in the manner of the Richards benchmark: tasks with states, messages, queues."""

from collections import deque


class Packet:
    def __init__(self, kind, payload):
        self.kind = kind
        self.payload = payload
        self.hops = 0


class Task:
    def __init__(self, name, priority):
        self.name = name
        self.priority = priority
        self.inbox = deque()
        self.handled = 0
        self.waiting = False

    def deliver(self, packet):
        self.inbox.append(packet)
        self.waiting = False

    def ready(self):
        return not self.waiting and (self.inbox or self.works_without_message())

    def works_without_message(self):
        return False

    def step(self, kernel):
        raise NotImplementedError


class Idle(Task):
    def __init__(self, steps):
        super().__init__("idle", 0)
        self.left = steps
        self.control = 1

    def works_without_message(self):
        return self.left > 0

    def step(self, kernel):
        self.left -= 1
        if self.control & 1:
            self.control = (self.control >> 1) ^ 0xD008
            kernel.send("device", Packet("request", self.control & 0xFF))
        else:
            self.control >>= 1
            kernel.send("worker", Packet("work", self.control & 0xFF))


class Worker(Task):
    def step(self, kernel):
        packet = self.inbox.popleft()
        self.handled += 1
        checksum = 0
        for i in range(4):
            checksum = (checksum * 31 + packet.payload + i) % 65521
        packet.payload = checksum
        packet.hops += 1
        if packet.hops < 3:
            kernel.send("handler", packet)


class Handler(Task):
    def step(self, kernel):
        packet = self.inbox.popleft()
        self.handled += 1
        packet.hops += 1
        kernel.send("device" if packet.payload % 2 else "worker", packet)


class Device(Task):
    def step(self, kernel):
        packet = self.inbox.popleft()
        self.handled += 1
        packet.hops += 1
        kernel.total = (kernel.total + packet.payload) % 1_000_003
        if packet.kind == "request" and packet.hops < 4:
            kernel.send("handler", packet)
        else:
            self.waiting = not self.inbox


class Kernel:
    def __init__(self, steps):
        self.total = 0
        self.sent = 0
        tasks = [Idle(steps), Worker("worker", 3), Handler("handler", 2), Device("device", 4)]
        self.tasks = sorted(tasks, key=lambda task: -task.priority)
        self.by_name = {task.name: task for task in tasks}

    def send(self, name, packet):
        self.sent += 1
        self.by_name[name].deliver(packet)

    def run(self):
        while True:
            for task in self.tasks:
                if task.ready():
                    task.step(self)
                    break
            else:
                return


kernel = Kernel(400_000)
kernel.run()
print(kernel.sent, kernel.total, [(task.name, task.handled) for task in kernel.tasks])
