"""Shortest ways on a grid with hills: heap, tuples, dicts, a class with operators."""

import heapq


class Point:
    __slots__ = ("x", "y")

    def __init__(self, x, y):
        self.x, self.y = x, y

    def __add__(self, other):
        return Point(self.x + other.x, self.y + other.y)

    def __eq__(self, other):
        return self.x == other.x and self.y == other.y

    def __hash__(self):
        return self.x * 1009 + self.y

    def __lt__(self, other):
        return (self.x, self.y) < (other.x, other.y)


STEPS = [Point(1, 0), Point(-1, 0), Point(0, 1), Point(0, -1)]


def height(p):
    return (p.x * p.x * 7 + p.y * p.y * 3 + p.x * p.y * 5) % 23


def shortest(size, start, goal):
    distances = {start: 0}
    previous = {}
    queue = [(0, start)]
    done = set()
    while queue:
        distance, here = heapq.heappop(queue)
        if here in done:
            continue
        done.add(here)
        if here == goal:
            break
        for step in STEPS:
            there = here + step
            if not (0 <= there.x < size and 0 <= there.y < size):
                continue
            new = distance + 1 + abs(height(there) - height(here))
            if new < distances.get(there, 1_000_000):
                distances[there] = new
                previous[there] = here
                heapq.heappush(queue, (new, there))
    way = [goal]
    while way[-1] != start:
        way.append(previous[way[-1]])
    return distances[goal], way[::-1]


total, way = shortest(300, Point(0, 0), Point(299, 299))
print(total, len(way), [(p.x, p.y) for p in way[:5]])
