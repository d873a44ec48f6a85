"""The value of a class attribute becomes a descriptor after code has been compiled that reads it."""


class Value:
    pass


class Owner:
    value = Value()


class Other:
    value = Value()


def of_instance(owner):
    return owner.value


def of_class():
    return Owner.value


def describe(found):
    return "the value" if isinstance(found, Value) else found


def main():
    owners = [Owner(), Other()]
    for turn in range(20_000):
        found = [describe(of_instance(owners[turn % 2])), describe(of_class())]
    print(found)
    Value.__get__ = lambda self, instance, owner: ("bound", owner.__name__)
    for turn in range(4):
        print(describe(of_instance(owners[turn % 2])), describe(of_class()))


main()
