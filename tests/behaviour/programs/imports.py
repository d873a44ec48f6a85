# Import statements in hot functions: modules, from, star, relative errors, aliases, lazily set attributes, reload, __import__ replaced.
import builtins
import os
import sys
from _repeat import repeat

sys.path.insert(0, os.getcwd())
os.makedirs("pkg/sub")
for name, source in {
    "pkg/__init__.py": "value = 1\nfrom . import early\ndef __getattr__(name):\n    if name == 'dynamic':\n        return 'computed'\n    raise AttributeError(name)\n",
    "pkg/early.py": "import pkg\nseen = hasattr(pkg, 'early')\n",
    "pkg/sub/__init__.py": "__all__ = ['a']\na = 1\nb = 2\n",
    "pkg/sub/mod.py": "from .. import value\nfrom . import a as renamed\n",
    "circular1.py": "from circular2 import x\n",
    "circular2.py": "from circular1 import y\nx = 1\n",
    "fails.py": "before = 1\n1/0\n",
}.items():
    with open(name, "w") as f:
        f.write(source)


def modules():
    import os.path as p
    import pkg.sub.mod
    from pkg import dynamic, value
    from pkg.sub.mod import renamed as r
    import json
    return p.basename("a/b"), pkg.sub.mod.value, dynamic, value, r, json.dumps([1]), pkg.early.seen


def attempt(source):
    try:
        exec(source, {"__name__": "x", "__package__": None})
        return "ok"
    except ImportError as e:
        return f"{type(e).__name__}: {e}".replace(os.getcwd(), "<dir>")
    except Exception as e:
        return f"{type(e).__name__}: {e}"


def star():
    ns = {}
    exec("from pkg.sub import *", ns)
    return sorted(k for k in ns if not k.startswith("_"))


def body(out):
    out(modules(), star())
    for s in ("import nothing_here", "from pkg import nope", "from . import x", "import pkg.nope", "from circular1 import y", "import fails", "from os import path, nope"):
        out(attempt(s), "fails" in sys.modules)


repeat(body, 30)
real = builtins.__import__
log = []


def fake(name, *args):
    log.append(name)
    return real(name, *args)


builtins.__import__ = fake
modules()
builtins.__import__ = real
print(log)
