"""A least-recently-used cache as a linked list of objects: attributes, methods, dict of nodes."""


class Node:
    __slots__ = ("key", "value", "before", "after")

    def __init__(self, key, value):
        self.key = key
        self.value = value
        self.before = self.after = self


class Cache:
    def __init__(self, size):
        self.size = size
        self.nodes = {}
        self.head = Node(None, None)
        self.hits = self.misses = 0

    def _unlink(self, node):
        node.before.after = node.after
        node.after.before = node.before

    def _push(self, node):
        last = self.head.before
        last.after = node
        node.before = last
        node.after = self.head
        self.head.before = node

    def get(self, key, make):
        node = self.nodes.get(key)
        if node is not None:
            self.hits += 1
            self._unlink(node)
            self._push(node)
            return node.value
        self.misses += 1
        node = self.nodes[key] = Node(key, make(key))
        self._push(node)
        if len(self.nodes) > self.size:
            oldest = self.head.after
            self._unlink(oldest)
            del self.nodes[oldest.key]
        return node.value

    def __len__(self):
        return len(self.nodes)


cache = Cache(500)
state, total = 7, 0
for i in range(1_200_000):
    state = (state * 69069 + 5) & 0xFFFFFFFF
    key = (state >> 16) % 300 if i % 3 else (state >> 12) % 5000
    total += cache.get(key, lambda k: k * k % 97)
print(total, cache.hits, cache.misses, len(cache))
