"""The walks in docs/architecture.md: every function is there, and no call climbs to a room above its own."""

from __future__ import annotations

import re
import tomllib
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Final

import pytest

ROOT: Final = Path(__file__).resolve().parent.parent
PAGE: Final = (ROOT / "docs/architecture.md").read_text("utf-8")
WALKS: Final = re.findall(
    r"```text\n(.*?)```", PAGE[PAGE.index("## Three walks") : PAGE.index("## One dialect")], re.DOTALL
)
CONTRACTS: Final = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["tool"]["importlinter"]["contracts"]
LAYERS: Final = [
    [room.strip() for room in layer.split("|")]
    for contract in CONTRACTS
    if contract["type"] == "layers"
    for layer in contract["layers"]
]


def steps(walk: str) -> list[tuple[int, str]]:
    """How deep each line's call is, and its name."""
    return [((len(line) - len(line.lstrip())) // 2, line.split()[0]) for line in walk.splitlines()]


def layer(name: str) -> int:
    room = name.partition(".")[0]
    return next(index for index, rooms in enumerate(LAYERS) if room in rooms)


def test_there_are_three_walks_of_about_ten_lines() -> None:
    assert len(WALKS) == 3
    assert all(9 <= len(steps(walk)) <= 11 for walk in WALKS)


@pytest.mark.parametrize("walk", WALKS)
def test_every_step_of_a_walk_is_a_function_or_class(walk: str) -> None:
    for _, name in steps(walk):
        module, _, attribute = name.rpartition(".")
        target = getattr(import_module(f"mynacard.{module}"), attribute)
        assert callable(target), name
        assert not isinstance(target, ModuleType), name


@pytest.mark.parametrize("walk", WALKS)
def test_no_step_of_a_walk_climbs(walk: str) -> None:
    callers: list[str] = []
    for depth, name in steps(walk):
        del callers[depth:]
        assert depth == len(callers), f"{name} has no caller"
        if callers:
            assert layer(callers[-1]) <= layer(name), f"{callers[-1]} calls {name}"
        callers.append(name)


def test_the_page_draws_the_layers_of_the_contract() -> None:
    drawing = " ".join(re.search(r"```text\n(cli ->.*?)```", PAGE, re.DOTALL)[1].split())  # type: ignore[index]
    assert drawing == " -> ".join(" | ".join(rooms) for rooms in LAYERS)
