"""Packages load the modules of their public names at first use; the tables name what type checkers see."""

from __future__ import annotations

import ast
import subprocess
import sys
from importlib import import_module
from pathlib import Path
from types import ModuleType

import pytest

from tests.support import SOURCE

PACKAGES = [path for path in sorted(SOURCE.rglob("__init__.py")) if "names_from(" in path.read_text("utf-8")]


def name_of(path: Path) -> str:
    return ".".join(path.parent.relative_to(SOURCE.parent).parts)


def imported(path: Path) -> dict[str, list[str]]:
    """The names that a type checker sees imported, by module."""
    (block,) = [node for node in ast.parse(path.read_text("utf-8")).body if isinstance(node, ast.If)]
    return {
        str(node.module): [name.name for name in node.names] for node in block.body if isinstance(node, ast.ImportFrom)
    }


def table(path: Path) -> dict[str, list[str]]:
    (block,) = [node for node in ast.parse(path.read_text("utf-8")).body if isinstance(node, ast.If)]
    (rows,) = [node for node in ast.walk(ast.Module(block.orelse, [])) if isinstance(node, ast.Dict)]
    return {module: names.split() for module, names in ast.literal_eval(rows).items()}


@pytest.mark.parametrize("path", PACKAGES, ids=name_of)
def test_the_table_names_what_type_checkers_see_and_what_is_public(path: Path) -> None:
    package = import_module(name_of(path))
    assert table(path) == imported(path)
    assert sorted(name for names in table(path).values() for name in names) == sorted(
        {*package.__all__} - {"__version__"}
    )
    for module, names in table(path).items():
        for name in names:
            value = getattr(package, name)
            assert value is getattr(import_module(module), name)
            assert not isinstance(value, ModuleType)
    assert set(package.__all__) <= set(dir(package))


@pytest.mark.parametrize("path", PACKAGES, ids=name_of)
def test_a_package_loads_nothing_of_ours_before_a_name_is_used(path: Path) -> None:
    script = f"import sys, {name_of(path)}; print(*(name for name in sys.modules if name.startswith('mynacard')))"
    loaded = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True).stdout.split()
    parents = [name_of(path).rsplit(".", count)[0] for count in range(3)]
    assert set(loaded) <= {"mynacard", "mynacard._lazy", "mynacard._version", *parents}


def test_a_name_that_a_package_does_not_have_is_an_attribute_error() -> None:
    package = import_module("mynacard.jpki")
    with pytest.raises(AttributeError, match=r"module 'mynacard.jpki' has no attribute 'nonsense'"):
        _ = package.nonsense
