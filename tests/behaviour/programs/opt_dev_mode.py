# args: -X dev
# Development mode: warnings shown, allocator hooks, resource warnings at the same moment.
import warnings


def leak(n):
    for i in range(n):
        f = open(__file__)
        f = None
    return n


leak(2)


def deprecated(x):
    warnings.warn(f"old {x % 2}", DeprecationWarning, stacklevel=2)
    return x


for i in range(100):
    deprecated(i)
print("done")
