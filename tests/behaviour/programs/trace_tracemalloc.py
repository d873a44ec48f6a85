# tracemalloc: allocations are attributed to the same lines.
import tracemalloc


def allocate(n):
    kept = []
    for i in range(n):
        kept.append(bytearray(1000 + i))
    return kept


def deeper(n):
    return [allocate(n), bytearray(50_000)]


for _ in range(60):
    deeper(5)
tracemalloc.start(5)
keep = deeper(20)
snapshot = tracemalloc.take_snapshot().filter_traces([tracemalloc.Filter(True, __file__)])
for stat in sorted(snapshot.statistics("lineno"), key=lambda s: s.traceback[0].lineno):
    if stat.size > 5000:
        print(stat.traceback[0].lineno, stat.count, stat.size)
trace = tracemalloc.get_object_traceback(keep[0][3])
print([frame.lineno for frame in trace])
tracemalloc.stop()
