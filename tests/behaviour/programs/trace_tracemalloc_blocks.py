# tracemalloc counts each block of the program, and none of what a compiler takes meanwhile.
import collections
import tracemalloc


def allocate(n):
    kept = []
    for i in range(n):
        kept.append(bytes(1000 + i))
    return kept


def called(x):
    return [x]


def calls(n):
    kept = None
    for _ in range(n):
        kept = called(kept)
    return kept


tracemalloc.start(1)
kept = allocate(20000), calls(20000)
snapshot = tracemalloc.take_snapshot().filter_traces([tracemalloc.Filter(True, __file__)])
sizes = collections.Counter((trace.traceback[0].lineno, trace.size) for trace in snapshot.traces)
for i in range(20000):
    sizes[9, 1033 + i] -= 1
print(len(snapshot.traces), sorted((line, size, count) for (line, size), count in sizes.items() if count > 0))
