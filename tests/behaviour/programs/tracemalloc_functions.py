"""tracemalloc counts functions and generators that are made where others have died before."""

import tracemalloc


def make_functions(kept):
    kept.append(lambda: None)  # counted here


def make_generators(kept):
    kept.append(endless())  # and here


def endless():
    while True:
        yield


def ended():
    yield


def warm_up():
    for _ in range(3000):
        kept = []
        make_functions(kept)
        make_generators(kept)
        list(ended())


def count(make):
    tracemalloc.start()
    kept = []
    for _ in range(25):
        make(kept)
    lines = tracemalloc.take_snapshot().filter_traces([tracemalloc.Filter(True, __file__)]).statistics("lineno")
    found = sorted((stat.traceback[0].lineno, stat.count, stat.size // 25 * 25 > 25 * 50) for stat in lines if stat.count >= 20)
    kept.clear()
    tracemalloc.stop()
    return found


warm_up()
print(count(make_functions))
print(count(make_generators))
print(count(make_functions))
