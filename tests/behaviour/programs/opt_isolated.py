# args: -I -S -E
# Without site and the environment: the code is compiled all the same.
import sys


def f(n):
    t = 0
    for i in range(n):
        t += i
    return t


print([f(i) for i in range(100)][-1], f(5000), sys.flags.isolated, sys.flags.no_site, "site" in sys.modules)
