# Arguments of calls that generators and coroutines make die in the callee, as those of other functions do: also when the calls have
# not been specialized yet.
class Mortal:
    def __init__(self, name):
        self.name = name

    def __del__(self):
        print("died", self.name)

    def method(self, *others):
        local = Mortal("local")
        return len(others)


def function(argument):
    local = Mortal("local")


def generator():
    Mortal("self").method(Mortal("positional"))
    yield function(Mortal("argument"))
    print("resumed")
    yield function(Mortal("argument"))
    try:
        yield function(Mortal("argument"))
    except ValueError:
        function(Mortal("in the handler"))


async def coroutine():
    Mortal("self").method()
    function(Mortal("argument"))


async def asynchronous():
    yield Mortal("self").method()


for turn in range(40):
    print("-- turn", turn)
    resumed = generator()
    for _ in range(3):
        next(resumed)
    print(next(resumed, "over") if turn % 2 else None)
    try:
        resumed.throw(ValueError)
    except (StopIteration, ValueError) as error:
        print(type(error).__name__)
    try:
        coroutine().send(None)
    except StopIteration:
        print("returned")
    try:
        asynchronous().__anext__().send(None)
    except StopIteration as stop:
        print("yielded", stop.value)
