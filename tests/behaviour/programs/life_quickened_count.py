"""How many code objects are specialized: those that died are not counted, whoever specialized them."""

import gc
import sys

SOURCE = """
def add(n):
    total = 0
    for i in range(n):
        total += i
    return total

def generate(n):
    for i in range(n):
        yield i

for _ in range(20):
    add(30)
    sum(generate(30))
"""


def counted():
    gc.collect()
    return sys._getquickenedcount()


def run():
    before = counted()
    for _ in range(40):
        exec(SOURCE, {})
    return counted() - before


run()
# Some may die a little later: what is being compiled is kept.
print([run() > -20 for _ in range(5)])
