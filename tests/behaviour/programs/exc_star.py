# except*
from _repeat import repeat


def handle(group):
    log = []
    try:
        try:
            raise group
        except* ValueError as g:
            log.append(("value", [str(e) for e in g.exceptions]))
        except* (TypeError, KeyError) as g:
            log.append(("type", [repr(e) for e in g.exceptions]))
            if "again" in str(g.exceptions[0]):
                raise RuntimeError("raised in handler")
        else:
            log.append("else")
        finally:
            log.append("finally")
    except BaseException as e:
        log.append(show(e))
    return log


def show(e):
    if isinstance(e, BaseExceptionGroup):
        return (type(e).__name__, e.message, [show(x) for x in e.exceptions])
    return repr(e)


def body(out):
    out(handle(ExceptionGroup("g", [ValueError("1"), TypeError("2"), ValueError("3")])))
    out(handle(ExceptionGroup("g", [ValueError("1"), OSError("left")])))
    out(handle(ExceptionGroup("g", [TypeError("again"), ExceptionGroup("n", [ValueError("deep"), OSError("o")])])))
    out(handle(ValueError("bare")))
    out(handle(OSError("bare other")))
    out(handle(BaseExceptionGroup("b", [KeyboardInterrupt(), KeyError("k")])))
    try:
        try:
            pass
        except* ValueError:
            pass
        else:
            out("no exception")
    finally:
        pass
    try:
        try:
            raise ExceptionGroup("x", [ValueError()])
        except* ExceptionGroup:
            pass
    except TypeError as e:
        out(e)


repeat(body)
