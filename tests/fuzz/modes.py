"""In which modes of Pyston a program is run: always some, and by its seed one of the others."""

from __future__ import annotations

from dataclasses import dataclass

from client import WARM_OPTIONS, Answer, Interpreters

WARM = {**WARM_OPTIONS, "compile-thread": "off"}
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


def forced_exits(seed: int) -> dict[str, str]:
    """Far apart, near, or nearly everywhere."""
    guards = ("400", "60", "8")[seed // 2 % 3]
    return {"stress-exits": str(1 + seed % 1_000_003), "stress-exits-every": guards}


def stress(seed: int) -> Mode:
    return make("stress-exits", EVERYTHING | forced_exits(seed))


def rotating(seed: int) -> list[Mode]:
    """All but the modes of every program."""
    return [
        make("compile-all", EVERYTHING),
        make("ticks", WARM | {"stress-ticks": "on"}),
        make("thread", WARM | {"compile-after": "6", "loop-after": "20", "compile-thread": "on"}, checking=True),
        make("warm-stress-exits", WARM | forced_exits(seed)),
        make("warm-checked", WARM, checking=True),
        make("stress-exits-checked", EVERYTHING | forced_exits(seed), checking=True),
        make("all-passes-off", WARM | {"disable-pass": ",".join(PASSES)}),
        make("few-exits", WARM | {"recompile-after": "2", "max-versions": "20"}),
        make("call-warm", WARM | {"loop-entry": "off"}),
        *(make(f"without-{name}", WARM | {"disable-pass": name}) for name in PASSES),
    ]


def modes(seed: int) -> list[Mode]:
    """Those of the program of this seed."""
    others = rotating(seed)
    return [make("warm", WARM), others[seed // 2 % len(others)] if seed % 2 else stress(seed)]


def every(seed: int) -> list[Mode]:
    """All that there are."""
    return [make("warm", WARM), stress(seed), *rotating(seed)]


def named(name: str, seed: int) -> Mode:
    """KeyError for a name that no mode has."""
    return {mode.name: mode for mode in every(seed)}[name]
