# args: -OO
# Under -OO docstrings go too.
def f(x):
    """doc"""
    assert x
    return x * 2


class K:
    """doc"""


print(f.__doc__, K.__doc__, [f(i) for i in range(100)][-1])
