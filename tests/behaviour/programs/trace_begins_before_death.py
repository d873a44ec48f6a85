# An object that is tested and dies with that: its finalizer sees the line of the test, also when the test began to
# trace, and so does an iterator's that ends a loop.
import sys

seen = []
begin = False


def tracer(frame, event, arg):
    if frame.f_code.co_filename == __file__ and frame.f_code.co_name not in ("run", "start"):
        seen.append((frame.f_code.co_name, event, frame.f_lineno - frame.f_code.co_firstlineno))
    return tracer


def start():
    if not begin:
        return
    frame = sys._getframe(2)
    while frame:
        frame.f_trace = tracer
        frame = frame.f_back
    sys.settrace(tracer)


def note(name):
    frame = sys._getframe(2)
    code = frame.f_code
    column = list(code.co_positions())[frame.f_lasti // 2][2]
    seen.append((name, frame.f_lineno - code.co_firstlineno, column, sorted(frame.f_locals)))


class Flag:
    def __init__(self, is_true):
        self.is_true = bool(is_true)

    def __bool__(self):
        start()
        return self.is_true

    def __del__(self):
        note("flag")


class Items:
    def __init__(self, left):
        self.left = left

    def __iter__(self):
        return self

    def __next__(self):
        if not self.left:
            start()
            raise StopIteration
        self.left -= 1
        return self.left

    def __del__(self):
        note("items")


def use_if(is_true):
    x = 0
    if Flag(
        is_true
    ):
        x = 1
    return x


def use_if_not(is_true):
    x = 0
    if not Flag(
            is_true
        ):
        x = 1
    return x


def use_while(is_true):
    x = 0
    while Flag(
            is_true
            and x < 2
        ):
        x += 1
    return x


def use_not(is_true):
    x = (not
         Flag(
             is_true))
    return x


def use_and(is_true):
    x = (Flag(
            is_true)
         and
         3)
    return x == 3


def use_or(is_true):
    x = (Flag(
            is_true)
         or
         3)
    return x == 3


def use_both(is_true):
    if (Flag(is_true)
            and Flag(
                is_true)
            or Flag(
                not is_true)):
        return 1
    return 2


def use_assert(is_true):
    try:
        assert Flag(
            is_true)
    except AssertionError:
        return 1
    return 2


def use_operator(is_true):
    x = 5
    if (Flag(is_true)
            if x
            else None):
        x = 4
    return x


def use_for(n):
    x = 0
    for i in Items(
        n
    ):
        x += i
    return x


def use_nested(n):
    x = 0
    for i in range(2):
        for j in Items(
            n
        ):
            x += j
    return x


def use_comprehension(n):
    return [
        i
        for i in Items(
            n
        )
        if Flag(
            i
        )
    ]


def use_generator(n):
    def items():
        yield from Items(
            n
        )
    return list(
        items()
    )


def run(function, argument, how):
    global begin
    seen.clear()
    begin = how
    result = function(argument)
    begin = False
    sys.settrace(None)
    frame = sys._getframe()
    while frame:
        frame.f_trace = None
        frame = frame.f_back
    return result, seen[:60]


FUNCTIONS = (use_if, use_if_not, use_while, use_not, use_and, use_or, use_both, use_assert, use_operator,
             use_for, use_nested, use_comprehension, use_generator)
for turn in range(2):
    for function in FUNCTIONS:
        before = [None, None]
        for i in range(60):
            now = run(function, i % 2, False)
            if now != before[i % 2]:
                print(turn, function.__name__, i, now)
            before[i % 2] = now
        for argument in (0, 1, 0, 1):
            print(turn, function.__name__, argument, run(function, argument, True))
