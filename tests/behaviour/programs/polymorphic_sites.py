# Sites whose types change over time in each possible order; the results must not depend on what came first.
import itertools


def make():
    ns = {}
    exec(
        """
def add(a, b): return a + b
def less(a, b): return a < b
def item(c, k): return c[k]
def each(c): return [x for x in c]
def attr(o): return o.real
def call(f, x): return f(x)
def neg(x): return -x
def test(x): return 1 if x else 0
def length(x): return len(x)
def unpack(x):
    a, b = x
    return b, a
""",
        ns,
    )
    return ns


class I(int):
    def __add__(self, o):
        return "I.__add__"


class L(list):
    def __getitem__(self, k):
        return "L item"

    def __iter__(self):
        return iter("L")

    def __len__(self):
        return 77


values = {
    "add": [(1, 2), (1.5, 2.5), (2**62, 2**62), ("a", "b"), (I(1), 2), (True, 1), ([1], [2])],
    "less": [(1, 2), (1.5, 0.5), (2**70, 1), ("a", "b"), (1, 1.5)],
    "item": [([1, 2], 1), ((3, 4), -1), ({1: 5}, 1), ("xy", 0), (L([1]), 0), (range(9), 3)],
    "each": [([1, 2],), ((3,),), (range(3),), ({4: 5},), ("ab",), (L([1]),), ((i for i in [9]),)],
    "attr": [(1,), (1.5,), (True,), (I(3),), (2j,)],
    "call": [(len, "abc"), (lambda x: x, "abc"), (str.upper, "abc"), (list, "abc"), ("abc".count, "a")],
    "neg": [(1,), (-1.5,), (2**63,), (True,), (-(2**63),)],
    "test": [(1,), (0.0,), ("",), ([0],), (None,), (L(),), (2**80,)],
    "length": [([],), ("ab",), ({},), (L(),), (range(2**62),)],
    "unpack": [((1, 2),), ([3, 4],), ("xy",), ({5: 1, 6: 2},)],
}
wrong = set()
for name, cases in values.items():
    expected = [repr(make()[name](*case)) if name != "each" or not hasattr(case[0], "send") else "[9]" for case in cases]
    print(name, expected)
    for order in itertools.permutations(range(len(cases)), 3):
        function = make()[name]
        for index in order:
            for _ in range(35):
                case = cases[index] if not hasattr(cases[index][0], "send") else ((i for i in [9]),)
                if repr(function(*case)) != expected[index]:
                    wrong.add((name, order, index))
print(sorted(wrong))
