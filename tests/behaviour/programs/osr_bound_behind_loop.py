# Loops are entered in the midst of a function whose local may be unbound. That it is bound is checked behind the loop, where what
# its class is cannot be expected any more as at the entry.
class Plain:
    def __init__(self, first, second):
        pass


def run(empty):
    named = {}
    if empty:
        del named
    for _ in range(4):
        for _ in [1.5, 2.0, 0.0]:
            pass
    Plain(1, 1)
    if named:
        pass
    left = 6
    while left:
        left -= 1
    return named, left


for turn in range(40):
    print(run(""))
try:
    run("empty")
except UnboundLocalError as error:
    print(error)
