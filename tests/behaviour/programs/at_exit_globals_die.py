# What a module's globals hold dies at the end of the program, also where compiled code of the standard library (frozen,
# so that it never dies) refers to a function of the module; files are written then.
import atexit
import os
import sys
from collections.abc import Mapping


class Own(Mapping):
    def __getitem__(self, key):
        return key

    def __iter__(self):
        return iter(())

    def __len__(self):
        return 0


class Last:
    def __del__(self, write=os.write):
        write(1, b"finalizer\n")


own = Own()


def hot(n):
    for i in range(n):
        own.get(i)
        os.fspath(PathLike())


class PathLike:
    def __fspath__(self):
        return "path"


for k in range(60):
    hot(60)
last = Last()
name = os.path.join(os.environ["TEST_DIRECTORY"], "file")
if len(sys.argv) < 2:
    import subprocess

    child = subprocess.run([sys.executable, __file__, name], capture_output=True, text=True)
    print(child.stdout, child.stderr, open(name).read())
    atexit.register(lambda: os.write(1, b"at exit\n"))
else:
    out = open(sys.argv[1], "w")
    out.write("what was written\n")
sys.stdout.flush()
