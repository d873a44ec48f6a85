# What stands before a loop always raises, so that only the point at which the generator would be resumed leads into the loop.
def deleted(items):
    del total
    total += 1
    for item in items:
        match item:
            case list(x=found):
                yield found
        total += 0.1


def simple(items):
    del total
    total += 1
    for item in items:
        if item:
            yield item
        total += 0.1


for turn in range(20):
    for function in (deleted, simple):
        try:
            print([*function([1, 0, 2])])
        except UnboundLocalError as error:
            print(function.__name__, error)
