# What was read before an object died, whose finalizer changes it, is read again: the object was on the stack alone.

import array
import weakref


class Owner:
    def __init__(self):
        self.n = 0
        self.items = [0]
        self.cell = self.make()

    def make(self):
        count = 0

        def add():
            nonlocal count
            count += 1
            return count

        return add

    def name(self):
        total = 0
        for i in range(3):
            total += i
        return f"old {total}"


class Dying:
    def __init__(self, owner):
        self.owner = owner
        self.n = 0

    def __del__(self):
        self.owner.n += 1
        self.owner.items[0] += 1
        if replaces:
            Owner.name = lambda self: "new"


class Slotted(Dying):
    __slots__ = ("value",)

    def __init__(self, owner):
        super().__init__(owner)
        self.value = 0


class Array(array.array):
    pass


arrays = []


def make_array(owner):
    made = Array("q", [5, 6])
    arrays[:] = [weakref.ref(made, lambda _: setattr(owner, "n", owner.n + 1))]
    return made


def of_tuple(owner):
    before = (5, Dying(owner), 0)[owner.n]
    return before, owner.n


def pair(owner):
    return (5, Dying(owner))


def of_made_tuple(owner):
    before = pair(owner)[owner.n]
    return before, owner.n


def made_list(owner):
    return [5, Dying(owner)]


def of_list(owner):
    before = made_list(owner)[owner.items[0]]
    return before, owner.items[0]


def of_array(owner):
    before = make_array(owner)[owner.n]
    return before, owner.n


def into_array(owner):
    make_array(owner)[owner.n] = 7
    return owner.n


def into_list(owner):
    made_list(owner)[owner.n] = 7
    return owner.n


def of_attribute(owner):
    before = owner.n
    read = Dying(owner).n
    return before, read, owner.n


def of_slot(owner):
    before = owner.n
    read = Slotted(owner).value
    return before, read, owner.n


def of_identity(owner):
    same = Dying(owner) is owner.n
    return same, owner.n


def of_test(owner):
    before = owner.n
    if Dying(owner) is None:
        before = -1
    return before, owner.n


def of_unpacking(owner):
    before = owner.n
    first, _ = (owner.n, Dying(owner))
    _ = None
    return before, first, owner.n


def of_class(owner):
    before = owner.n
    kind = type(Dying(owner))
    return before, kind.__name__, owner.n


def of_length(owner):
    before = owner.n
    length = len(pair(owner))
    return before, length, owner.n


def method(owner):
    before = pair(owner)[owner.n]
    return before, owner.name()


replaces = False
for function in (
    of_tuple,
    of_made_tuple,
    of_list,
    of_array,
    into_array,
    into_list,
    of_attribute,
    of_slot,
    of_identity,
    of_test,
    of_unpacking,
    of_class,
    of_length,
    method,
):
    results = []
    owner = Owner()
    for _ in range(300):
        owner.n = owner.items[0] = 0
        results.append(function(owner))
    print(function.__name__, results[0], len(set(results)))

owner.n = 0
replaces = True
print(method(owner))
