# The order in which operands and arguments die when the method that gets them raises.
from _repeat import repeat

log = []


class D:
    def __init__(self, name):
        self.name = name

    def __del__(self):
        log.append(self.name)

    def __add__(self, other):
        raise ValueError

    def __eq__(self, other):
        raise ValueError

    def __setitem__(self, key, value):
        raise ValueError

    def __getitem__(self, key):
        raise ValueError


class Init:
    def __init__(self, a, b, c=None):
        raise ValueError

    def __del__(self):
        log.append("instance")


def function(a, b, c=None):
    raise ValueError


def add():
    D("a") + D("b")


def equal():
    D("a") == D("b")  # noqa: B015


def store():
    D("container")[D("key")] = D("value")


def construct():
    Init(D("a"), D("b"))


def construct_by_name():
    Init(c=D("c"), a=D("a"), b=D("b"))


def call():
    function(D("a"), D("b"))


def call_by_name():
    function(c=D("c"), a=D("a"), b=D("b"))


def body(out):
    for what in (add, equal, store, construct, construct_by_name, call, call_by_name):
        for _ in range(20):
            try:
                what()
            except ValueError as error:
                error.__traceback__ = None
                del error
            log.append("--")
        out(what.__name__, log[-8:], len(log))
        log.clear()


repeat(body, 12)
