# sys.exit from the depth of hot code, through finally and with.
import sys


class M:
    def __enter__(self):
        return self

    def __exit__(self, *a):
        print("exit", a[0].__name__)


def deep(n):
    if n == 0:
        sys.exit(3)
    try:
        deep(n - 1)
    finally:
        if n % 10 == 0:
            print("finally", n)


for _ in range(100):
    pass
with M():
    deep(30)
