"""A lower bound that was not tested is told."""

from __future__ import annotations

import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

from lowest import untested

PYTEST = version("pytest")
TOOLS = Path(__file__).resolve().parents[2] / "tools"


def test_what_is_installed_is_a_lower_bound_or_is_told() -> None:
    tested, lower = f"pytest>={PYTEST}", 'pytest<99,>=1.0; extra == "test"'
    assert list(untested([tested, "pytest", "not-on-this-machine>=1", "mynacard[test]"])) == []
    assert list(untested([tested, lower])) == [f'pytest<99,>=1.0; extra == "test": {PYTEST} is installed']


def test_nothing_untested_ends_with_success() -> None:
    script = (
        "import importlib.metadata, runpy; importlib.metadata.requires = lambda _: %r; "
        "runpy.run_module('lowest', run_name='__main__')"
    )
    codes = []
    for requirements in ([f"pytest>={PYTEST}"], ["pytest>=1.0"]):
        command = [sys.executable, "-c", script % requirements]
        codes.append(subprocess.run(command, cwd=TOOLS, capture_output=True, check=False).returncode)
    assert codes == [0, 1]
