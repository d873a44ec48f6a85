# Handlers that are entered often enough to be compiled: what they see, what they leave, when things die.
import sys
import traceback
from _repeat import repeat


class Noisy:
    log = []

    def __init__(self, name):
        self.name = name

    def __del__(self):
        Noisy.log.append(self.name)


def lookup(table, key):
    try:
        return table[key]
    except KeyError:
        return "missing"


def counts(keys, table):
    total = 0
    weight = 0.5
    for key in keys:
        try:
            value = table[key]
        except KeyError:
            value = 10
            weight += 0.25
        total += value
    return total, weight


def first_bound(items):
    # `x` is bound on one way only; `found` is an int, then a str.
    found = 0
    for item in items:
        try:
            if item % 3 == 0:
                x = 1 // 0
            x = item
            found += 1
        except ZeroDivisionError:
            found = str(found)
            found = int(found)
    try:
        return x, found, missing
    except UnboundLocalError as e:
        return str(e), found
    missing = 1


def nested(n):
    seen = []
    for i in range(n):
        try:
            try:
                if i % 2:
                    raise ValueError(i)
                raise KeyError(i)
            except ValueError as e:
                seen.append(("value", sys.exc_info()[1] is e, e.__context__))
                try:
                    raise TypeError("inner") from e
                except TypeError as f:
                    seen.append((f.__cause__ is e, f.__context__ is e, sys.exc_info()[1] is f))
                seen.append(sys.exc_info()[1] is e)
            finally:
                seen.append(sys.exc_info()[0])
        except KeyError as e:
            seen.append(("key", e.args, e.__context__))
        seen.append(sys.exc_info())
    try:
        e
    except UnboundLocalError as error:
        seen.append(str(error))
    return seen


def raised_again(n):
    lines = []
    for i in range(n):
        try:
            try:
                [].pop()
            except IndexError:
                lines.append("inner")
                raise
        except IndexError as e:
            lines.append([(t.tb_lineno - raised_again.__code__.co_firstlineno, t.tb_lasti > 0) for t in walk(e.__traceback__)])
    return lines


def same_again(n):
    # Unlike a bare raise this enters the frame in the traceback once more.
    for i in range(n):
        try:
            try:
                raise ValueError(i)
            except ValueError as e:
                raise e
        except ValueError as e:
            lines = [t.tb_lineno - same_again.__code__.co_firstlineno for t in walk(e.__traceback__)]
    return lines


def walk(tb):
    while tb is not None:
        yield tb
        tb = tb.tb_next


def from_handler(n):
    chains = []
    for i in range(n):
        try:
            try:
                raise ValueError(i)
            except ValueError:
                {}[i]
        except KeyError as e:
            chains.append((repr(e), repr(e.__context__), e.__context__.__traceback__.tb_lineno - e.__traceback__.tb_lineno))
    return chains


class Swallow:
    def __init__(self, log, result):
        self.log, self.result = log, result

    def __enter__(self):
        return self

    def __exit__(self, kind, value, tb):
        self.log.append((kind and kind.__name__, str(value), tb and tb.tb_lineno - tb.tb_frame.f_code.co_firstlineno))
        return self.result


def with_body(n):
    log = []
    for i in range(n):
        with Swallow(log, True):
            if i % 2:
                raise ValueError(i)
            log.append("quiet")
        try:
            with Swallow(log, False), Swallow(log, i % 3 == 0):
                log.append(i)
                raise KeyError(i)
        except KeyError as e:
            log.append(repr(e))
    return log


def deaths(n):
    Noisy.log.clear()
    for i in range(n):
        local = Noisy(f"local{i}")
        try:
            temporary = Noisy(f"temp{i}")
            raise ValueError(Noisy(f"arg{i}"))
        except ValueError as e:
            Noisy.log.append("in handler")
            e.kept = Noisy(f"kept{i}")
            del e
            Noisy.log.append("after del")
        del temporary
        Noisy.log.append("next")
    Noisy.log.append("end")
    del local
    return list(Noisy.log)


def raiser(name):
    held = Noisy(name)
    raise ValueError("raiser")


def death_of_frames(n):
    Noisy.log.clear()
    for i in range(n):
        try:
            raiser(f"held{i}")
        except ValueError:
            Noisy.log.append("handling")
        Noisy.log.append("handled")
    return list(Noisy.log)


def cycle(n):
    import gc

    for i in range(n):
        try:
            raiser(f"c{i}")
        except ValueError as e:
            keep = e
    keep = None
    gc.collect()
    return sorted(Noisy.log)


def locals_of_traceback(n):
    seen = []
    for i in range(n):
        number, text = i * 2, "t"
        try:
            text = text + str(number)
            number += 1
            raise ValueError
        except ValueError as e:
            frame = e.__traceback__.tb_frame
            seen.append((frame.f_locals["number"], frame.f_locals["text"], frame is sys._getframe()))
            number = -1
            seen.append((e.__traceback__.tb_frame.f_locals["number"], frame.f_lineno - frame.f_code.co_firstlineno))
            del frame
    return seen


def kept_frame(i):
    value = [i]
    try:
        raise ValueError(i)
    except ValueError as e:
        return e, value


def leaves_loop(items):
    for item in items:
        for other in items:
            try:
                if item == other == 3:
                    raise StopIteration
                if item + other == 9:
                    raise KeyError
            except StopIteration:
                break
            except KeyError:
                continue
            finally:
                last = item, other
        else:
            continue
        return last
    return None


def ends(n):
    found = []
    for i in range(n):
        it = iter(range(i))
        try:
            while True:
                next(it)
        except StopIteration as e:
            found.append(e.value)
    return found


class Lazy:
    def __getattr__(self, name):
        if name.startswith("x"):
            raise AttributeError(name)
        return name


def attributes(n):
    lazy = Lazy()
    found = []
    for i in range(n):
        found.append((hasattr(lazy, "x1"), hasattr(lazy, "y1"), getattr(lazy, "x2", "default")))
        try:
            lazy.x3
        except AttributeError as e:
            found.append((e.name, e.obj is lazy))
    return found


def groups(n):
    out = []
    for i in range(n):
        try:
            raise ExceptionGroup("g", [ValueError(i), KeyError(i)])
        except* ValueError as eg:
            out.append(repr(eg.exceptions))
        except* KeyError as eg:
            out.append(repr(eg.exceptions))
    return out


def assertion(n):
    out = []
    for i in range(n):
        try:
            assert i < 0, f"was {i}"
        except AssertionError as e:
            out.append(str(e))
    return out


def many(n):
    # One activation, more exceptions than there could be C frames.
    count = 0
    table = {}
    for i in range(n):
        try:
            table[i]
        except KeyError:
            count += 1
    return count


def generator(n):
    for i in range(n):
        try:
            if i % 2:
                raise ValueError(i)
            got = yield i
        except ValueError as e:
            yield ("caught", str(e), sys.exc_info()[1] is e)
        else:
            yield ("sent", got)
    try:
        yield "last"
    finally:
        Noisy.log.append("closed")


def generators(out):
    outer = None
    try:
        raise OSError("outer")
    except OSError as e:
        outer = e
        g = generator(4)
        items = [next(g)]
        try:
            for _ in range(3):
                items.append(g.send("s"))
            items.append(g.throw(ValueError("thrown")))
        except ValueError as thrown:
            items.append(repr(thrown))
        out(items, sys.exc_info()[1] is outer)
        g.close()
    Noisy.log.clear()
    g = generator(0)
    next(g)
    g.close()
    out(Noisy.log)
    g = generator(1)
    next(g)
    try:
        out(g.throw(ValueError("thrown in")))
        out(next(g))
        g.throw(KeyError("through"))
    except KeyError as e:
        out([t.tb_frame.f_code.co_name for t in walk(e.__traceback__)])


def body(out):
    out(lookup({1: 2}, 1), lookup({}, 1))
    out(counts([1, 2, 3, 4, 1], {1: 100, 3: 7}))
    out(first_bound(range(1, 9)))
    for line in nested(3):
        out(line)
    out(raised_again(3))
    out(same_again(3))
    out(from_handler(2))
    for line in with_body(4):
        out(line)
    out(deaths(3))
    out(death_of_frames(3))
    out(cycle(3))
    out(locals_of_traceback(3))
    e, value = kept_frame(5)
    out(e.__traceback__.tb_frame.f_locals["value"] is value, e.__traceback__.tb_next)
    out("".join(traceback.format_exception(e)))
    out(leaves_loop([1, 2, 3, 6]), leaves_loop([1]))
    out(ends(4))
    out(attributes(2))
    out(groups(2))
    out(assertion(2))
    generators(out)


repeat(body, 500)
print(many(400_000))
