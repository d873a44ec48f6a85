# args: -X no_debug_ranges
# Tracebacks without columns.
def f(n):
    for i in range(n):
        x = [1, 2, 3][i]
    return x


for n in range(200):
    try:
        f(n % 4 + 1)
    except IndexError:
        pass
print(f(3))
f(4)
