# args: -W error::UserWarning
# Warnings turned into exceptions, with the right line and the registry of the module.
import warnings
from _repeat import repeat


def warns(x):
    warnings.warn("careful")
    return x


def syntax(x):
    try:
        return eval(x)
    except SyntaxError as e:
        return e.msg


def body(out):
    try:
        warns(1)
    except UserWarning as e:
        out(e, e.__traceback__.tb_next.tb_lineno)
    with warnings.catch_warnings(record=True) as seen:
        warnings.simplefilter("always")
        warns(2)
        out([(w.category.__name__, str(w.message), w.lineno) for w in seen])


repeat(body)
