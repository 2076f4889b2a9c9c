"""A lower bound that was not tested is told."""

from __future__ import annotations

from importlib.metadata import version

from lowest import untested

PYTEST = version("pytest")


def test_what_is_installed_is_a_lower_bound_or_is_told() -> None:
    tested, lower = f"pytest>={PYTEST}", 'pytest<99,>=1.0; extra == "test"'
    assert list(untested([tested, "pytest", "not-on-this-machine>=1", "mynacard[test]"])) == []
    assert list(untested([tested, lower])) == [f'pytest<99,>=1.0; extra == "test": {PYTEST} is installed']
