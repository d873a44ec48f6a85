"""A Cython extension built here: it calls hot Python code, is called by it, and makes frames of its own."""

from __future__ import annotations

import subprocess
import sysconfig
import textwrap

import harness
import pytest

CYTHON = '''
# cython: language_level=3
import sys

def apply(f, int n):
    cdef long total = 0
    cdef int i
    for i in range(n):
        total += f(i)
    return total

def fails(f, x):
    return f(x) + 1

def caller_name():
    return sys._getframe(0).f_code.co_name

cdef class Vector:
    cdef public double x, y
    def __init__(self, x, y):
        self.x, self.y = x, y
    def __add__(self, other):
        return Vector(self.x + other.x, self.y + other.y)
    def __eq__(self, other):
        return self.x == other.x and self.y == other.y
    cpdef double norm(self):
        return self.x * self.x + self.y * self.y
    def each(self, f):
        for v in (self.x, self.y):
            yield f(v)

def generator(source):
    for item in source:
        yield item * 2
'''

USE = '''
import sys, traceback
import cythonpart as c

def square(x):
    return x * x

def inverse(x):
    return 1 / x

class Sub(c.Vector):
    def norm(self):
        return super().norm() + 1

def pure(n):
    for i in range(n):
        yield i

for _ in range(60):
    r = c.apply(square, 50), c.apply(lambda x: square(x) - 1, 10)
print(r)
v = c.Vector(0, 0)
for i in range(500):
    v = v + c.Vector(i, 0.5)
print(v.x, v.y, v.norm(), v == v, Sub(1, 2).norm(), list(v.each(square)))
print(sum(c.generator(c.generator(pure(400)))), c.caller_name())
for i in range(100):
    try:
        c.fails(inverse, 0 if i > 90 else i)
    except ZeroDivisionError:
        text = traceback.format_exc()
print(text)
try:
    c.apply(square, "x")
except TypeError as e:
    print(e)
class Raises:
    def __add__(self, o): raise KeyError("add")
try:
    c.fails(lambda x: Raises(), 1)
except KeyError as e:
    print(e, e.__traceback__.tb_next.tb_frame.f_code.co_name)
def changes_locals():
    x = 1
    names = c.apply(lambda i: len(sys._getframe(1).f_locals), 1)
    return x, names
print([changes_locals() for _ in range(50)][-1])
'''


@pytest.fixture(scope="module")
def extension(tmp_path_factory):
    directory = tmp_path_factory.mktemp("cython")
    (directory / "cythonpart.pyx").write_text(CYTHON)
    (directory / "use.py").write_text(textwrap.dedent(USE))
    subprocess.run(["cython3", "-3", "cythonpart.pyx"], cwd=directory, check=True, capture_output=True)
    suffix = sysconfig.get_config_var("EXT_SUFFIX")
    subprocess.run(
        ["gcc", "-O1", "-w", "-shared", "-fPIC", "-I/usr/include/python3.11", "cythonpart.c", "-o", f"cythonpart{suffix}"],
        cwd=directory, check=True,
    )  # fmt: skip
    return directory


@pytest.mark.parametrize("mode", harness.MODES)
def test_cython_extension(extension, mode):
    use = str(extension / "use.py")
    expected = harness.run([harness.STOCK, use], {})
    found = harness.run([harness.PYSTON, use], harness.MODES[mode])
    assert expected.status == 0, expected.stderr
    assert not (difference := harness.compare(expected, found)), difference
