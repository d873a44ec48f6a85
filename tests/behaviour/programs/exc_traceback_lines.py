# Traceback texts: function names, lines, column marks, through loops, calls and generators.
import traceback
from _repeat import repeat


def leaf(a, b):
    return a[b] + (a[b] /
                   (b - b))


def middle(items):
    for i, item in enumerate(items):
        if i == 2:
            leaf(items, i)
    return None


def generator(n):
    for i in range(n):
        yield i
    yield items_of(n)


def items_of(n):
    return [x.missing for x in range(n)]


class Thing:
    @property
    def value(self):
        return self.table["absent"]

    table = {}

    def __getattr__(self, name):
        raise AttributeError(f"no {name} here")


def text(f):
    try:
        f()
    except Exception:
        return traceback.format_exc()


def body(out):
    out(text(lambda: middle([1, 2, 3])))
    out(text(lambda: list(generator(3))))
    out(text(lambda: Thing().value))
    out(text(lambda: Thing().nothing.more))
    out(text(lambda: [1, 2, 3][
        10
    ]))
    out(text(lambda: middle(
        *[1, 2])))


repeat(body, 40)
