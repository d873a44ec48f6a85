"""``make projects``: other people's test suites under stock python3.11 and under Pyston, test by test.

Each project of projects.toml gets two environments with the same packages, one of them with Pyston. Its tests run
in both with the same arguments; what differs runs once more in both, by the file, so that code gets as hot as before.
A test counts that passes under stock both times, and under Pyston neither time. Everything is kept in build/projects/.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import shlex
import shutil
import signal
import subprocess
import sys
import tarfile
import tempfile
import time
import tomllib
import xml.etree.ElementTree as ElementTree
from collections import Counter
from dataclasses import asdict, dataclass, field
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
sys.path.insert(0, str(ROOT / "tests" / "behaviour"))
import harness  # noqa: E402
from harness import STOCK  # noqa: E402

#: Where a project asks for no version of its own.
PYTEST = "pytest==9.2.0"
PYTEST_ARGUMENTS = ["-p", "no:randomly", "-p", "no:cacheprovider", "-q", "-o", "junit_family=xunit1"]
#: What pip says when there is no network, or no registry.
UNREACHABLE = re.compile(r"Retrying \(|NewConnectionError|ConnectTimeout|ProxyError|Temporary failure in name resolution")
ABSENT = "PyPI cannot be reached, and the project's packages are not in build/projects yet"
#: From the best to the worst; of several outcomes of one test (the call, the teardown) the worst counts.
OUTCOMES = ("passed", "skipped", "failed", "error")


class NotRun(Exception):
    """A project whose packages cannot be had, or whose tests end early under stock, too."""


@dataclass
class Project:
    """One row of projects.toml.

    ``tests`` are the runner's arguments, relative to ``directory`` of the unpacked sdist. ``left_out`` maps a file or a
    test to the reason why it is not run; ``place`` a folder of the sdist to where in site-packages its tests expect to be.
    """

    name: str
    version: str
    tests: list[str]
    requires: list[str] = field(default_factory=list)
    sdist: bool = True  # False: the wheel has the tests
    directory: str = "."
    runner: str = "pytest"  # or "unittest": `python TESTS...` prints what `unittest -v` does
    arguments: list[str] = field(default_factory=list)
    left_out: dict[str, str] = field(default_factory=dict)
    place: dict[str, str] = field(default_factory=dict)
    environment: dict[str, str] = field(default_factory=dict)
    known: dict[str, str] = field(default_factory=dict)  # a test that differs -> why that is right
    share: str = ""  # what of the suite is run, when not all of it
    timeout: float = 900

    @property
    def requirements(self) -> list[str]:
        runner = [PYTEST] if self.runner == "pytest" and not any(r.startswith("pytest==") for r in [self.name + "==", *self.requires]) else []
        return [f"{self.name}=={self.version}", *runner, *self.requires]


@dataclass
class Run:
    """One run of a suite. ``broken`` says why there may be fewer outcomes than tests: a crash, a time-out."""

    outcomes: dict[str, str] = field(default_factory=dict)
    seconds: float = 0.0
    broken: str = ""

    def counts(self) -> str:
        counted = Counter(self.outcomes.values())
        bad = counted["failed"] + counted["error"]
        text = f"{counted['passed']} passed, {bad} failed, {counted['skipped']} skipped in {self.seconds:.0f} s"
        return f"{text} ({self.broken})" if self.broken else text


def read_projects(path: Path = HERE / "projects.toml") -> dict[str, Project]:
    rows = [Project(**row) for row in tomllib.loads(path.read_text())["project"]]
    return {project.name.lower(): project for project in rows}


class Workplace:
    """The folder of one project: packages, two environments, the unpacked sdist, the results."""

    def __init__(self, project: Project, build: Path, mode: str):
        self.project = project
        self.build = build
        self.mode = mode
        self.top = build / "projects" / project.name
        self.wheels = self.top / "wheels"
        self.source = self.top / "source"
        self.top.mkdir(parents=True, exist_ok=True)

    def python(self, which: str) -> Path:
        return self.top / which / "bin" / "python"

    def _pip(self, *arguments: str) -> None:
        """Run pip, from an environment of its own. Raises NotRun."""
        tools = self.build / "projects" / "tools"
        if not (tools / "bin" / "pip").exists():
            subprocess.run([STOCK, "-m", "venv", str(tools)], check=True)
        done = subprocess.run(
            [str(tools / "bin" / "pip"), "--disable-pip-version-check", "--retries", "1", *arguments],
            capture_output=True, text=True, env=clean_environment(),
        )  # fmt: skip
        if done.returncode:
            output = done.stdout + done.stderr
            said = [line for line in output.splitlines() if line.startswith("ERROR")] or output.splitlines()
            raise NotRun(ABSENT if UNREACHABLE.search(output) else f"pip: {' '.join(said[-2:])}")

    def prepare(self) -> None:
        """Packages, environments and tests, unless they are there for the same row of the table. Raises NotRun."""
        project, stamp = self.project, self.top / "prepared.json"
        row = json.dumps([project.requirements, project.sdist, project.place])
        if not stamp.exists() or stamp.read_text() != row:
            stamp.unlink(missing_ok=True)
            for old in (self.wheels, self.source, self.top / "stock", self.top / "pyston"):
                shutil.rmtree(old, ignore_errors=True)
            self._pip("wheel", "--quiet", "--wheel-dir", str(self.wheels), *project.requirements)
            if project.sdist:
                self._unpack()
            self.source.mkdir(exist_ok=True)
            for which in ("stock", "pyston"):
                subprocess.run([STOCK, "-m", "venv", "--without-pip", str(self.top / which)], check=True)
                self._pip("--python", str(self.python(which)), "install", "--quiet", "--no-index",
                          "--find-links", str(self.wheels), *project.requirements)  # fmt: skip
                site = self.top / which / "lib" / "python3.11" / "site-packages"
                for source, target in project.place.items():
                    shutil.copytree(self.source / source, site / target, dirs_exist_ok=True)
            stamp.write_text(row)
        install = [STOCK, "-I", str(ROOT / "packaging" / "install_into_venv.py"), "--build", str(self.build)]
        subprocess.run([*install, str(self.top / "pyston")], check=True)
        for which in ("stock", "pyston"):
            ask = "import sys; print(hasattr(sys, 'pyston_version_info'))"
            said = subprocess.run([self.python(which), "-c", ask], capture_output=True, text=True, env=clean_environment())
            if said.stdout.strip() != str(which == "pyston"):
                raise NotRun(f"the environment {which} is not what it is called: {said.stdout}{said.stderr}")

    def _unpack(self) -> None:
        """The sdist, without the folder that is named after the version."""
        with tempfile.TemporaryDirectory() as directory:
            wanted = f"{self.project.name}=={self.project.version}"
            self._pip("download", "--quiet", "--no-deps", "--no-binary", self.project.name, "--dest", directory, wanted)
            with tarfile.open(next(Path(directory).glob("*.tar.gz"))) as archive:
                archive.extractall(Path(directory) / "unpacked", filter="data")
            (inner,) = (Path(directory) / "unpacked").iterdir()
            shutil.move(inner, self.source)

    def command(self, which: str, junit: Path) -> list[str]:
        project = self.project
        if project.runner == "unittest":
            return [str(self.python(which)), *project.tests]
        left_out = [f"--{'deselect' if '::' in name else 'ignore'}={name}" for name in project.left_out]
        return [
            str(self.python(which)), "-m", "pytest", *PYTEST_ARGUMENTS, f"--junitxml={junit}",
            *project.arguments, *left_out, *project.tests,
        ]  # fmt: skip

    def run(self, which: str, only: set[str] | None = None) -> Run:
        """Run the tests under ``which`` interpreter; of ``only`` these files (modules), where the runner can choose."""
        name = which + ("-again" if only is not None else "")
        junit, log = self.top / f"{name}.xml", self.top / f"{name}.log"
        junit.unlink(missing_ok=True)
        command = self.command(which, junit)
        environment = clean_environment() | self.project.environment
        environment["PATH"] = f"{self.top / which / 'bin'}:/usr/local/bin:/usr/bin:/bin"
        if which == "pyston":
            environment |= harness.MODES[self.mode]
        begin = time.monotonic()
        with tempfile.TemporaryDirectory(prefix="pyston-projects-") as home, log.open("wb") as output:
            environment |= {"HOME": home, "TMPDIR": home}
            if only is not None and self.project.runner == "pytest":
                chosen = Path(home) / "only"
                chosen.write_text("\n".join(sorted(only)))
                environment |= {"PYTHONPATH": str(HERE / "plugin"), "PROJECTS_ONLY": str(chosen)}
                command[3:3] = ["-p", "only_these_files"]
            output.write((shlex.join(command) + "\n").encode())
            output.flush()
            status = self._wait(command, environment, output)
        text = log.read_text(errors="replace")
        run = Run(seconds=time.monotonic() - begin)
        if self.project.runner == "unittest":
            run.outcomes = read_unittest(text)
        elif junit.exists():
            run.outcomes = read_junit(junit)
        if status is None:
            run.broken = f"stopped after {self.project.timeout:.0f} s"
        elif status < 0:
            run.broken = f"ended by {signal.Signals(-status).name}"
        elif status not in (0, 1) or not run.outcomes:
            run.broken = f"exit status {status}; see {log.relative_to(self.build.parent)}"
        return run

    def _wait(self, command: list[str], environment: dict[str, str], output) -> int | None:
        """The exit status; None after a time-out. What the tests left running ends, too."""
        process = subprocess.Popen(
            command, cwd=self.source / self.project.directory, env=environment, stdin=subprocess.DEVNULL,
            stdout=output, stderr=subprocess.STDOUT, start_new_session=True,
        )  # fmt: skip
        try:
            return process.wait(self.project.timeout)
        except subprocess.TimeoutExpired:
            return None
        finally:
            try:
                os.killpg(process.pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
            process.wait()


def clean_environment() -> dict[str, str]:
    """The caller's, without what would change an interpreter, Pyston or pytest."""
    dropped = ("PYTHON", "PYSTON_", "DISABLE_PYSTON", "PYTEST_", "VIRTUAL_ENV")
    return {k: v for k, v in os.environ.items() if not k.startswith(dropped)} | {"LC_ALL": "C.UTF-8"}


def worst(outcomes: dict[str, str], name: str, outcome: str) -> None:
    outcomes[name] = max(outcomes.get(name, outcome), outcome, key=OUTCOMES.index)


def read_junit(path: Path) -> dict[str, str]:
    """Test -> outcome. An address in a test's name says nothing."""
    outcomes: dict[str, str] = {}
    for case in ElementTree.parse(path).iter("testcase"):
        name = re.sub(r"0x[0-9a-f]{6,}", "0x...", f"{case.get('classname')}::{case.get('name')}")
        kinds = {child.tag for child in case} & {"failure", "error", "skipped"}
        outcome = {"failure": "failed"}.get(kind := min(kinds, default="passed"), kind)
        worst(outcomes, name, outcome)
    return outcomes


def read_unittest(text: str) -> dict[str, str]:
    """Test -> outcome, from what ``unittest -v`` prints; between a test's name and its outcome may be other output."""
    outcomes: dict[str, str] = {}
    words = {"ok": "passed", "FAIL": "failed", "ERROR": "error", "skipped": "skipped", "expected failure": "skipped"}
    name = None
    for line in text.splitlines():
        if started := re.match(r"(\w+) \(([\w.]+)(?: [^)]*)?\)", line):
            name = f"{started[2].removesuffix('.' + started[1])}::{started[1]}"
        ended = re.search(r"(?:^|\.\.\. |\W)(ok|FAIL|ERROR|expected failure|skipped)(?: ['\"].*)?$", line)
        if ended and name:
            worst(outcomes, name, words[ended[1]])
            name = None
    for kind, test, where in re.findall(r"^(FAIL|ERROR): (\w+) \(([\w.]+)", text, re.M):
        worst(outcomes, f"{where.removesuffix('.' + test)}::{test}", words[kind])
    return outcomes


@dataclass
class Difference:
    """A test with other outcomes; ``first`` and ``again`` are pairs: under stock, under Pyston."""

    test: str
    first: tuple[str, str]
    again: tuple[str, str]
    reason: str = ""  # of one that is known

    @property
    def kind(self) -> str:
        stock = {self.first[0], self.again[0]}
        if len(stock) > 1:
            return "flaky under stock"
        if self.again[0] == self.again[1]:
            return "not again"
        if self.reason:
            return f"known ({self.reason})"
        if self.first[0] == "passed" and "passed" not in (self.first[1], self.again[1]):
            return "WORSE"
        return "other"


def compare(place: Workplace, stock: Run, pyston: Run) -> list[Difference]:
    """What differs in a run of everything, and what became of it in a second one of these files."""
    missing = "absent"
    tests = sorted(set(stock.outcomes) | set(pyston.outcomes))
    first = {test: (stock.outcomes.get(test, missing), pyston.outcomes.get(test, missing)) for test in tests}
    differing = {test: pair for test, pair in first.items() if pair[0] != pair[1]}
    if not differing:
        return []
    modules = {test.split("::")[0] for test in differing}
    runs = [place.run(which, modules).outcomes for which in ("stock", "pyston")]
    return [
        Difference(test, pair, tuple(run.get(test, missing) for run in runs), place.project.known.get(test, ""))
        for test, pair in differing.items()
    ]


def run_project(project: Project, build: Path, mode: str) -> bool:
    """Prints what came out; whether Pyston did as well as stock. Raises NotRun."""
    place = Workplace(project, build, mode)
    place.prepare()
    stock = place.run("stock")
    if stock.broken:
        raise NotRun(f"its tests do not run to their end under stock: {stock.broken}")
    pyston = place.run("pyston")
    differences = compare(place, stock, pyston)
    worse = [d for d in differences if d.kind == "WORSE"]
    print(f"{project.name} {project.version}: stock {stock.counts()}; Pyston {pyston.counts()}; ", end="")
    print(f"{len(differences)} differences, {len(worse)} worse", flush=True)
    for d in differences[:50]:
        print(f"    {d.kind}: {d.test}: stock {d.first[0]}, {d.again[0]}; Pyston {d.first[1]}, {d.again[1]}")
    if len(differences) > 50:
        print(f"    and {len(differences) - 50} more: {place.top.relative_to(build.parent)}/{mode}.json")
    results = {"stock": asdict(stock), "pyston": asdict(pyston), "differences": [asdict(d) | {"kind": d.kind} for d in differences]}
    (place.top / f"{mode}.json").write_text(json.dumps(results, indent=1))
    return not worse and not pyston.broken


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--build", type=Path, default=ROOT / "build")
    parser.add_argument("--mode", choices=list(harness.MODES), default="default", help="Pyston's options (tests/behaviour/harness.py)")
    parser.add_argument("names", nargs="*", help="projects of projects.toml (default: all)")
    arguments = parser.parse_args()
    projects = read_projects()
    if unknown := [name for name in arguments.names if name.lower() not in projects]:
        parser.error(f"not in projects.toml: {', '.join(unknown)}")
    # What is started in the background by a shell may ignore it, and so would the tests.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    good = bad = 0
    for name in arguments.names or list(projects):
        try:
            if run_project(projects[name.lower()], arguments.build.resolve(), arguments.mode):
                good += 1
            else:
                bad += 1
        except NotRun as reason:
            print(f"{projects[name.lower()].name}: not run: {reason}.", flush=True)
    print(f"projects: {good} passed, {bad} failed, {len(arguments.names or projects) - good - bad} not run")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
