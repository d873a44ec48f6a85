"""``python -m pyston``: the version and whether the compiler is on."""

import pyston

print(f"Pyston {pyston.version}, {'on' if pyston.is_enabled() else 'off'} in this process")
