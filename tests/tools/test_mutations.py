"""Small mistakes, made on purpose: each compiles, changes one expression, and is the same for the same seed."""

from __future__ import annotations

import ast
from pathlib import Path

import mutations
import pytest
from mutations import Mutant

ROOT = Path(__file__).resolve().parent.parent.parent


def mutated(source: str) -> list[str]:
    return [mutant.applied(source) for mutant in mutations.mutants("room/module.py", source)]


@pytest.mark.parametrize(
    ("source", "after"),
    [
        ("a = b < c\n", ["a = (b <= c)\n"]),
        ("a = b and c\n", ["a = (b or c)\n"]),
        ("a = not b\n", ["a = (b)\n"]),
        ("a = 'é' if b else c\n", ["a = (c if b else 'é')\n"]),
        ("a = b == 1\n", ["a = (b != 1)\n", "a = b == 2\n"]),
        ("a = (\n    b\n    + c\n)\n", ["a = (\n    (b - c)\n)\n"]),
        ("a = True\n", ["a = False\n"]),
    ],
)
def test_one_expression_changes(source: str, after: list[str]) -> None:
    assert mutated(source) == after


@pytest.mark.parametrize("source", ["a: int | None = b\n", "a = 'b' + c\n", "A = B | C\n", "f'{a + b}'\n", "'a'\n"])
def test_types_and_texts_are_left_alone(source: str) -> None:
    assert mutated(source) == []


def test_a_seed_picks_the_same_mutants_of_every_room() -> None:
    picked = mutations.picked(ROOT, 10, 1)
    assert picked == mutations.picked(ROOT, 10, 1)
    assert {mutant.room for mutant in picked} == set(mutations.ROOMS)
    assert picked != mutations.picked(ROOT, 10, 2)


def test_every_mutant_compiles_and_differs() -> None:
    for mutant in mutations.picked(ROOT, 50, 3):
        source = (ROOT / "src/mynacard" / mutant.module).read_text("utf-8")
        assert ast.dump(ast.parse(mutant.applied(source))) != ast.dump(ast.parse(source))


def test_what_survives_stands_out_in_the_table() -> None:
    mutant = Mutant("apdu/tlv.py", 46, 0, 46, 1, "a |\nb", "a & b")
    assert mutations.row(mutant, "") == "| `apdu/tlv.py:46` | `a \\| b` | `a & b` | **none** |"
