"""Many threads run the same functions, have them compiled, and exchange parts of them by equal ones.

Arguments: seconds, threads.
"""

from __future__ import annotations

import random
import sys
import threading
import time
import types

import pyston
from _driver import differs, expected, fresh_subjects

#: These change what is global, and are not meant for two threads at once.
ALONE = {"generators", "globals_and_builtins", "patched"}


class Shared:
    """The functions of one module, and what threads do to them."""

    def __init__(self) -> None:
        self.subjects = {name: function for name, function in fresh_subjects().items() if name not in ALONE}
        first = next(iter(self.subjects.values()))
        self.namespace = first.__globals__
        self.functions = [each for each in self.namespace.values() if isinstance(each, types.FunctionType)]
        self.classes = [each for each in self.namespace.values() if isinstance(each, type)]

    def patch(self, chance: random.Random) -> None:
        function = chance.choice(self.functions)
        match chance.randrange(7):
            case 0:
                function.__code__ = function.__code__.replace()
            case 1:
                function.__defaults__ = tuple(list(function.__defaults__)) if function.__defaults__ else None
            case 2:
                cls = chance.choice(self.classes)
                name, value = chance.choice(list(vars(cls).items()))
                if isinstance(value, types.FunctionType):
                    copied = types.FunctionType(
                        value.__code__, value.__globals__, value.__name__, value.__defaults__, value.__closure__
                    )
                    copied.__kwdefaults__ = value.__kwdefaults__
                    setattr(cls, name, copied)
            case 3:
                self.namespace[f"other_{chance.randrange(20)}"] = None
            case 4:
                pyston.force_compile(function)
            case 5:
                pyston.compile_after_n_calls(chance.choice([0, 10, 100, 1500]))
            case 6:
                namespace: dict[str, object] = {}
                exec("def made(n):\n    return sum(i * n for i in range(n))", namespace)
                assert namespace["made"](5) == 50
                pyston.force_compile(namespace["made"])


def main() -> int:
    seconds, count = float(sys.argv[1]), int(sys.argv[2])
    sys.setswitchinterval(1e-4)
    wanted = expected()
    shared = [Shared() for _ in range(2)]
    until = time.monotonic() + seconds
    runs, failures, errors = [0] * count, [0] * count, []

    def run(number: int) -> None:
        chance = random.Random(number)
        try:
            while time.monotonic() < until or runs[number] == 0:
                among = chance.choice(shared)
                name, function = chance.choice(list(among.subjects.items()))
                failures[number] += differs(name, function(), wanted[name], f"in thread {number}")
                runs[number] += 1
                if chance.random() < 0.2:
                    among.patch(chance)
                if number == 0 and chance.random() < 0.01:
                    shared[chance.randrange(2)] = Shared()
        except BaseException as error:
            errors.append(error)
            raise

    threads = [threading.Thread(target=run, args=(number,)) for number in range(count)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    print(
        f"{count} threads, {seconds:.0f} s: {sum(runs)} runs, {sum(failures)} differences, {len(errors)} errors; "
        f"{pyston.stats()['compilations']} compilations"
    )
    return 1 if sum(failures) or errors else 0


if __name__ == "__main__":
    sys.exit(main())
