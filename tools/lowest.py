"""Whether what is installed is the lowest that mynacard allows. Exit code 1 if not: then a bound has not been tested.

A lower bound of one package can raise another's, and the lower one in pyproject.toml would go unnoticed.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, requires, version

from packaging.requirements import Requirement
from packaging.version import Version

__all__ = ["untested"]


def untested(requirements: list[str]) -> Iterator[str]:
    """The *requirements* whose package is installed in another version than the lowest that they allow."""
    for requirement in map(Requirement, requirements):
        bounds = [specifier.version for specifier in requirement.specifier if specifier.operator == ">="]
        try:
            installed = version(requirement.name)
        except PackageNotFoundError:
            continue
        if bounds and Version(installed) != Version(*bounds):
            yield f"{requirement}: {installed} is installed"


if __name__ == "__main__":
    sys.exit("\n".join(untested(requires("mynacard") or [])) or None)
