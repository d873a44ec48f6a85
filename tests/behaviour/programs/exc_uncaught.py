# An exception nobody catches, after the code got hot: stderr and the exit code are compared.
def work(n):
    total = 0
    for i in range(n):
        total += 100 // (n - i - 1 + (1 if n != 50 else 0))
    return total


def outer():
    for n in range(1, 60):
        print(n, work(n))


outer()
