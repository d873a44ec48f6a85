# Arguments die when the callee lets go of them, also where a compiled function calls one that is
# new each time, and the frame evaluation hook is taken away: at first, later, and always.

import itertools

happened = []


class Noted:
    def __del__(self):
        happened.append("dies")


def make_positional():
    def lets_go(value):
        value = None
        happened.append("goes on")

    return lets_go


def make_with_default():
    def lets_go(value, other=2):
        value = None
        happened.append("goes on")

    return lets_go


def make_with_more():
    def lets_go(value, *more):
        value = None
        happened.append("goes on")

    return lets_go


def make_with_keyword_only():
    def lets_go(value, *, other=2):
        value = None
        happened.append("goes on")

    return lets_go


def make_with_any_keyword():
    def lets_go(value, **others):
        value = None
        happened.append("goes on")

    return lets_go


def make_generator():
    def lets_go(value):
        value = None
        happened.append("goes on")
        yield

    return lets_go


def call(function):
    return function(Noted())


def call_with_another(function):
    return function(Noted(), 3)


def call_with_keyword(function):
    return function(Noted(), other=3)


def call_wrongly(function):
    try:
        function(Noted(), 1, 2, 3, wrong=4)
    except TypeError:
        happened.append("refused")


def run():
    for make in (make_positional, make_with_default, make_with_more, make_with_keyword_only, make_with_any_keyword):
        call(make())
    call_with_another(make_with_default())
    call_with_another(make_with_more())
    call_with_keyword(make_with_default())
    call_with_keyword(make_with_keyword_only())
    call_with_keyword(make_with_any_keyword())
    call_wrongly(make_positional())
    list(call(make_generator()))


def orders(rounds):
    seen = []
    for _ in range(rounds):
        happened.clear()
        run()
        seen.append(tuple(happened))
    return seen


for order, equal in itertools.groupby(orders(3000)):
    print(len(list(equal)), *order, sep="\n  ")
