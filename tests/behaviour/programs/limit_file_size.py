# not-sanitized: a sanitizer's runtime maps files
# A limit on the size of files: what is compiled, and copied for a child, is none of the program's files.
import os
import resource
import signal

caught = []


def work(k):
    total = 0
    for i in range(k):
        total += i
    return total


def later(k):
    total = 1
    for i in range(k):
        total += i * 3 if i % 2 else i
    return total


def call_often(function):
    for _ in range(300):
        result = function(1000)
    return result


def fork():
    child = os.fork()
    if child == 0:
        os._exit(0 if (call_often(work), call_often(later)) == (499500, 999501) else 1)
    return os.waitpid(child, 0)[1]


unlimited = resource.getrlimit(resource.RLIMIT_FSIZE)
for handler in (signal.SIG_DFL, lambda number, frame: caught.append(number), signal.SIG_IGN):
    signal.signal(signal.SIGXFSZ, handler)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1000, unlimited[1]))
    print(call_often(work), fork(), call_often(later), fork())
    resource.setrlimit(resource.RLIMIT_FSIZE, unlimited)
print(caught)

# The program's own signal is the program's.
resource.setrlimit(resource.RLIMIT_FSIZE, (1000, unlimited[1]))
signal.signal(signal.SIGXFSZ, lambda number, frame: caught.append(number))
try:
    with open(os.path.join(os.environ["TEST_DIRECTORY"], "large"), "wb") as file:
        file.write(bytes(5000))
except OSError as error:
    print(type(error).__name__, caught == [signal.SIGXFSZ])
