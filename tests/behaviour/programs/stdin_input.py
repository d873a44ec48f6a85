# stdin: 3\n4\nfive\n
# input() and sys.stdin in hot code, and the end of the file.
import sys


def ask():
    try:
        return int(input("> "))
    except ValueError as e:
        return str(e)
    except EOFError:
        return "end"


print([ask() for _ in range(4)], sys.stdin.read())
