"""In which modes of Pyston a program is run: always some, and by its seed one of the others."""

from __future__ import annotations

from dataclasses import dataclass

from client import Answer, Interpreters

WARM = {"compile-after": "12", "loop-after": "30", "compile-budget": "100", "unhook-after": "1", "compile-thread": "off"}
EVERYTHING = {"compile-after": "0", "compile-thread": "off"}
PASSES = ("split-iteration", "simplify", "unbox-phis", "cse", "delay-boxes", "sink-boxes")


@dataclass(frozen=True)
class Mode:
    """``checking``: with the memory allocator that fills what is freed."""

    name: str
    options: tuple[tuple[str, str], ...]
    checking: bool = False

    def run(self, interpreters: Interpreters, source: str, coverage: bool = False) -> Answer:
        server = interpreters.checking if self.checking else interpreters.plain
        options = dict(self.options)
        if coverage:
            options["coverage"] = "on"
        return server.run(source, options, coverage=coverage)


def make(name: str, options: dict[str, str], checking: bool = False) -> Mode:
    return Mode(name, tuple(options.items()), checking)


def stress(seed: int) -> Mode:
    """Exits far apart, near, or nearly everywhere."""
    every = ("400", "60", "8")[seed // 2 % 3]
    return make("stress-exits", EVERYTHING | {"stress-exits": str(1 + seed % 1_000_003), "stress-exits-every": every})


def rotating(seed: int) -> list[Mode]:
    """All but the modes of every program."""
    stress_warm = WARM | dict(stress(seed).options[-2:])
    return [
        make("compile-all", EVERYTHING),
        make("ticks", WARM | {"stress-ticks": "on"}),
        make("thread", WARM | {"compile-after": "6", "loop-after": "20", "compile-thread": "on"}, checking=True),
        make("warm-stress-exits", stress_warm),
        make("warm-checked", WARM, checking=True),
        make("stress-exits-checked", dict(stress(seed).options), checking=True),
        make("all-passes-off", WARM | {"disable-pass": ",".join(PASSES)}),
        make("few-exits", WARM | {"recompile-after": "2", "max-versions": "20"}),
        make("call-warm", WARM | {"loop-entry": "off"}),
        *(make(f"without-{name}", WARM | {"disable-pass": name}) for name in PASSES),
    ]


def modes(seed: int) -> list[Mode]:
    """Those of the program of this seed."""
    others = rotating(seed)
    return [make("warm", WARM), others[seed // 2 % len(others)] if seed % 2 else stress(seed)]


def named(name: str, seed: int) -> Mode:
    """KeyError for a name that no mode has."""
    known = {mode.name: mode for mode in [make("warm", WARM), stress(seed), *rotating(seed)]}
    return known[name]
