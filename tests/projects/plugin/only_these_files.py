"""A pytest plugin for the second run of tests/projects/run.py: only the files (or classes) that PROJECTS_ONLY lists."""

import os
from pathlib import Path

import pytest
from _pytest.junitxml import mangle_test_address


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Keep the items whose file (as junit names it) holds one of the listed names."""
    listed = Path(os.environ["PROJECTS_ONLY"]).read_text().split("\n")
    modules = {mangle_test_address(item.nodeid.split("::")[0] + "::x")[0] for item in items}
    wanted = {module for module in modules if any(name == module or name.startswith(module + ".") for name in listed)}
    items[:] = [item for item in items if mangle_test_address(item.nodeid.split("::")[0] + "::x")[0] in wanted]
