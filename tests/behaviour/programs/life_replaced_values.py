# What a store replaces dies at once, before what it was stored in: its finalizer sees the line of the store, the
# locals as they are by then, and no frame but those that run; and what it changes is what the next line reads.
import sys

from _repeat import repeat


class Mortal:
    def __init__(self, out, name="it", change=None):
        self.out = out
        self.name = name
        self.change = change

    def __del__(self):
        frame = sys._getframe(1)
        shown = []
        while frame.f_code.co_filename == __file__ and frame.f_code.co_name != "<module>":
            shown.append((frame.f_code.co_name, frame.f_lineno - frame.f_code.co_firstlineno, sorted(frame.f_locals)))
            frame = frame.f_back
        self.out(self.name, "died in", shown)
        if self.change is not None:
            self.change.number = 99


class Slots:
    __slots__ = ("item", "number", "out")

    def __init__(self, out=None):
        self.item = None
        self.number = 1
        self.out = out

    def put(self, item):
        self.item = item
        after = 2
        self.number = after
        return after

    def __del__(self):
        if self.out is not None:
            self.out("owner died")


class Inline:
    def __init__(self, out=None):
        self.item = None
        self.number = 1
        self.out = out

    put = Slots.put
    __del__ = Slots.__del__


class OwnDict(Inline):
    def __init__(self, out=None):
        super().__init__(out)
        self.__dict__ = dict(self.__dict__)


def store(owner, item):
    before = owner.number
    owner.item = item
    same = before
    return same, owner.number


def store_twice(owner, item):
    first = owner.number
    owner.item = None
    first = first + 1

    owner.item = item
    return first


def call_put(owner, item):
    before = owner.put(item)
    return before


def store_in_temporary(owners, item):
    owners.pop().item = item
    return len(owners)


def store_item(owner, items, item):
    before = owner.number
    items[0] = item
    same = before
    return same, owner.number


def store_in_popped_list(lists, item):
    lists.pop()[0] = item
    return len(lists)


def store_two_items(items, first, second):
    one = 1
    items[0] = first
    two = one

    items[1] = second
    return two


def make_cell():
    content = None

    def put(item, *, more=1):
        nonlocal content
        before = more
        same = before
        content = item
        return same

    def take():
        nonlocal content
        before = 1
        same = before
        del content
        content = None
        return same

    def put_through(item):
        got = put(item)
        return got

    return put, take, put_through


def store_in_cell(out):
    put, take, put_through = make_cell()
    put(Mortal(out, "first in cell"))
    out(put(Mortal(out, "second in cell")))
    out(take())
    put(Mortal(out, "third in cell"))
    out(put_through(1))


def of_any_class(make):
    def body(out):
        owner = make()
        owner.item = Mortal(out, "first", owner)
        out(store(owner, Mortal(out, "second")))
        out(store_twice(owner, Mortal(out, "third")))
        out(call_put(owner, Mortal(out, "fourth")))
        out(call_put(owner, 1))
        owner = make(out)
        owner.item = Mortal(out, "of temporary")
        owners = [owner]
        del owner
        out(store_in_temporary(owners, 1))

    return body


def in_lists(out):
    owner = Inline()
    items = [Mortal(out, "item", owner), 1]
    out(store_item(owner, items, Mortal(out, "next")))
    out(store_two_items(items, 1, Mortal(out, "last")))
    out(store_two_items(items, 1, 2))

    class List(list):
        pass

    for kind in list, List:
        lists = [kind([Mortal(out, "first of list"), Mortal(out, "second of list")])]
        out(store_in_popped_list(lists, 1))


def mixed(out):
    for make in Slots, Inline, OwnDict:
        of_any_class(make)(out)


for body in of_any_class(Slots), of_any_class(Inline), of_any_class(OwnDict), mixed, in_lists, store_in_cell:
    repeat(body)

# With what the interpreter learns in so many calls.
holder = Inline()
held = [None]
for turn in range(3):
    for count in range(30000):
        store_item(holder, held, None)
    holder.number = 1
    held[0] = Mortal(print, "hot item", holder)
    print(store_item(holder, held, None))
    holder.number = 1
