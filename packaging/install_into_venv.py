"""Install Pyston from a build tree into a virtual environment, without network and without pip.

Puts the package, the extension module, ``pyston.pth``, ``bin/pyston`` and a ``dist-info`` (so that
``pip show`` and ``pip uninstall`` know it) where pip would. Files that are the same already stay.
"""

from __future__ import annotations

import argparse
import base64
import hashlib
import os
import re
import shutil
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
EXTENSION = f"_pyston.cpython-311-{os.uname().machine}-linux-gnu.so"


def project_version() -> str:
    text = (ROOT / "CMakeLists.txt").read_text()
    found = re.search(r"project\(pyston VERSION (\S+)", text)
    if not found:
        sys.exit("CMakeLists.txt names no version")
    return found[1]


def metadata(version: str) -> str:
    return (
        "Metadata-Version: 2.1\n"
        "Name: pyston\n"
        f"Version: {version}\n"
        "Summary: A just-in-time compiler inside the CPython that you already run\n"
        "Requires-Python: ==3.11.*\n"
        "Classifier: Programming Language :: Python :: Implementation :: CPython\n"
    )


def put(target: Path, data: bytes, mode: int = 0o644) -> None:
    """Write ``data`` to ``target`` unless it is there. Atomic: running programs keep the old file."""
    if target.is_file() and target.read_bytes() == data and target.stat().st_mode & 0o777 == mode:
        return
    target.parent.mkdir(parents=True, exist_ok=True)
    handle, temporary = tempfile.mkstemp(dir=target.parent, prefix=target.name)
    with os.fdopen(handle, "wb") as file:
        file.write(data)
    os.chmod(temporary, mode)
    os.replace(temporary, target)


def record_line(site: Path, path: Path) -> str:
    data = path.read_bytes()
    digest = base64.urlsafe_b64encode(hashlib.sha256(data).digest()).rstrip(b"=").decode()
    return f"{os.path.relpath(path, site)},sha256={digest},{len(data)}"


def wanted_files(build: Path, venv: Path, site: Path) -> dict[Path, tuple[bytes, int]]:
    """What the installation consists of: path -> content and mode."""
    files: dict[Path, tuple[bytes, int]] = {}

    def add(target: Path, source: Path, mode: int = 0o644) -> None:
        if not source.is_file():
            sys.exit(f"{source} is missing: build first")
        files[target] = (source.read_bytes(), mode)

    for source in sorted((ROOT / "python" / "pyston").rglob("*")):
        if source.is_file() and "__pycache__" not in source.parts:
            add(site / "pyston" / source.relative_to(ROOT / "python" / "pyston"), source)
    add(site / "_pyston.pyi", ROOT / "python" / "_pyston.pyi")
    add(site / "pyston.pth", ROOT / "python" / "pyston.pth")
    add(site / EXTENSION, build / EXTENSION, 0o755)
    add(site / "pyston" / "_preload.so", build / "_preload.so", 0o755)
    add(venv / "bin" / "pyston", build / "pyston", 0o755)
    return files


def install(build: Path, venv: Path, bare: bool) -> None:
    site = venv / "lib" / "python3.11" / "site-packages"
    if bare:
        site.mkdir(parents=True, exist_ok=True)
    if not site.is_dir():
        sys.exit(f"{venv} is not an environment of Python 3.11")
    files = wanted_files(build, venv, site)
    version = project_version()
    info = site / f"pyston-{version}.dist-info"
    for old in site.glob("pyston-*.dist-info"):
        if old != info:
            shutil.rmtree(old)
    files[info / "METADATA"] = (metadata(version).encode(), 0o644)
    files[info / "INSTALLER"] = (b"pyston-make\n", 0o644)
    files[info / "top_level.txt"] = (b"_pyston\npyston\n", 0o644)
    files[info / "WHEEL"] = (
        b"Wheel-Version: 1.0\nGenerator: pyston-make\nRoot-Is-Purelib: false\n"
        b"Tag: cp311-cp311-linux_" + os.uname().machine.encode() + b"\n",
        0o644,
    )
    # The .pth last: an interpreter that starts meanwhile must find what it names.
    for target in sorted(files, key=lambda path: path.suffix == ".pth"):
        put(target, *files[target])
    lines = [record_line(site, target) for target in sorted(files)]
    lines.append(f"{os.path.relpath(info / 'RECORD', site)},,")
    put(info / "RECORD", ("\n".join(lines) + "\n").encode())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--build", type=Path, required=True, help="the build tree")
    parser.add_argument("--bare", action="store_true", help="the target is a directory, not an environment")
    parser.add_argument("venv", type=Path)
    arguments = parser.parse_args()
    install(arguments.build, arguments.venv, arguments.bare)


if __name__ == "__main__":
    main()
