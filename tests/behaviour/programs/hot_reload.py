# A module edited and reloaded, and functions whose code comes from new modules of the same name, while callers stay hot.
import importlib
import os
import sys

sys.path.insert(0, os.getcwd())
sys.dont_write_bytecode = True


def write(version, body):
    with open("live.py", "w") as f:
        f.write(f"VERSION = {version}\ndef compute(x):\n    {body}\nclass Model:\n    def run(self, x):\n        return compute(x), VERSION\n")


write(1, "return x + 1")
import live


def caller(x):
    return live.compute(x)


def model_caller(m, x):
    return m.run(x)


old = live.Model()
for version, body in [(1, "return x + 1"), (2, "return x * 2.5"), (3, "return str(x)"), (4, "raise KeyError(x)")]:
    write(version, body)
    importlib.invalidate_caches()
    importlib.reload(live)
    results = set()
    for i in range(120):
        try:
            results.add((caller(3), model_caller(old, 3), model_caller(live.Model(), 3)))
        except KeyError as e:
            results.add(repr(e))
    print(version, results)
