# What an inlined call returns, and what was on the stack beside it, dies in the caller's frame, at its line and in the
# interpreter's order; so does the operand of an operation that cannot fail.
import sys

from _repeat import repeat


class Mortal:
    kind = "kind"

    def __init__(self, out, name="it"):
        self.out = out
        self.name = name

    def __del__(self):
        frame = sys._getframe(1)
        shown = []
        while frame.f_code.co_filename == __file__ and frame.f_code.co_name != "<module>":
            shown.append((frame.f_code.co_name, frame.f_lineno - frame.f_code.co_firstlineno, sorted(frame.f_locals)))
            frame = frame.f_back
        self.out(self.name, "died in", shown)


class Slots(Mortal):
    __slots__ = ("slot",)

    def __init__(self, out, name):
        super().__init__(out, name)
        self.slot = 1


class OtherSlots(Mortal):
    __slots__ = ("other", "slot")

    def __init__(self, out, name):
        super().__init__(out, name)
        self.slot = 2


class Holder:
    def __init__(self):
        self.held = None
        self.count = 0

    def take(self):
        held = self.held
        self.held = None
        return held

    def either(self, other):
        if self.count:
            return self.held
        return other


def same(a):
    return a


def second(a, b):
    c = a
    a = b
    return b


def first(a, b):
    c = b
    return a


def local_of_two(a, b):
    c = a
    a = b
    b = None
    return a


def discarded(out):
    same(Mortal(out, "same"))
    second(Mortal(out, "one"), Mortal(out, "two"))
    first(Mortal(out, "three"), Mortal(out, "four"))
    local_of_two(Mortal(out, "five"), Mortal(out, "six"))
    kept = second(Mortal(out, "seven"), Mortal(out, "eight"))
    out("kept", kept.name)


def beside_inlined(out):
    other = 1
    result = Mortal(out, "left") is same(other)
    out(result)
    result = same(other) is Mortal(out, "right")
    out(result)
    holder = Holder()
    holder.held = Mortal(out, "taken")
    result = Mortal(out, "left of taken") is holder.take()
    holder.held = Mortal(out, "taken first")
    result = holder.take() is Mortal(out, "right of taken")
    result = (
        Mortal(out, "above")
        is
        same(other)
    )
    return result


def returned_and_compared(out):
    holder = Holder()
    holder.held = Mortal(out, "taken")
    if holder.take() is None:
        out("nothing")
    holder.held = Mortal(out, "taken to be negated")
    out(not holder.take())
    holder.held = Mortal(out, "taken for its name")
    if holder.take().kind is None:
        out("nothing")
    if holder.either(Mortal(out, "other")) is None:
        out("nothing")
    holder.count = 1
    holder.held = Mortal(out, "either")
    if holder.either(Mortal(out, "other")) is None:
        out("nothing")
    out("end")


def of_class_and_length(out):
    kind = type(
        Mortal(out, "for its class")
    )
    out(kind.__name__)
    length = len(
        [Mortal(out, "for its length"), 1]
    )
    out(length)
    length = len(
        (Mortal(out, "in a tuple"), length)
    )
    kind = type(
        same(Mortal(out, "for its class, inlined"))
    )
    return kind


def of_slots(out):
    for make in Slots, OtherSlots, Slots:
        value = make(
            out, "for its slot").slot
        out(value)
        value = (
            make(out, "for its slot, above")
            .slot
        )
        out(value)


def nested(out):
    def outer(a, b):
        c = second(a, b)
        return same(b) is c

    value = outer(Mortal(out, "first"), Mortal(out, "second"))
    out(value)
    outer(Mortal(out, "third"), Mortal(out, "fourth"))


for body in discarded, beside_inlined, returned_and_compared, of_class_and_length, of_slots, nested:
    repeat(body)
