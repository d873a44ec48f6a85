# A closure in a global dies when it is replaced, with all that it holds, although compiled code has called it.
class Resource:
    def __init__(self, name):
        self.name = name

    def __del__(self):
        print("closed", self.name)


def make(resource):
    def callback(x):
        return x + len(resource.name)

    return callback


def run(n):
    t = 0
    for i in range(n):
        t += callback(i)
    return t


for name in ("first", "second", "third"):
    callback = make(Resource(name))
    print(name, sum(run(100) for _ in range(40)))
callback = None
print("none left")
