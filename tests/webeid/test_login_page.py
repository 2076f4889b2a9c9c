"""docs/login.md says what is so: the codes of refusals, what other validators say, and what examples it names."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final, cast

import pytest

from mynacard.errors import LoginRefused
from mynacard.webeid.login import POLICY
from mynacard.webeid.nonces import LIFETIME, MOST
from tests.support import Vector, vectors

ROOT: Final = Path(__file__).resolve().parent.parent.parent
PAGE: Final = (ROOT / "docs/login.md").read_text("utf-8")
SCRIPT: Final = (ROOT / "docs/examples/login/static/webeid.js").read_text("utf-8")
VALIDATORS: Final = {"java": "Java 3.2.1", "php": "PHP 1.3.1", "net": ".NET 1.2.0", "go": "Go 0.11.1"}


def test_the_page_has_the_code_of_every_refusal() -> None:
    codes = sorted(kind.code for kind in LoginRefused.__subclasses__())
    assert sorted(re.findall(r"^\| `(login/[a-z-]+)`", PAGE, re.MULTILINE)) == codes


def validators_table() -> str:
    """The verdicts of other validators, as docs/login.md has them."""
    rows = [[row.id, *(row.text(name) for name in VALIDATORS)] for row in vectors("webeid/validators.json")]
    lines = [["", *VALIDATORS.values()], ["---"] * (1 + len(VALIDATORS)), *rows]
    return "".join(f"| {' | '.join(cells)} |\n".replace("|  |", "| |") for cells in lines)


def test_the_page_has_the_verdicts_of_other_validators() -> None:
    assert validators_table() in PAGE


@pytest.mark.parametrize("row", vectors("webeid/validators.json"), ids=lambda row: row.id)
def test_a_verdict_is_of_those_validators_that_the_row_names(row: Vector) -> None:
    assert {name for name in VALIDATORS if row.text(name) != "–"} == set(cast(list[str], row.fields["by"]))


def test_the_page_names_the_numbers_of_the_code() -> None:
    assert POLICY in PAGE
    assert f"{LIFETIME.seconds // 60} minutes" in PAGE
    assert f"{MOST:,} of them" in PAGE


def test_every_code_of_the_script_is_on_the_page() -> None:
    codes = set(re.findall("ERR_WEBEID_([A-Z_]+)", SCRIPT))
    assert len(codes) == 6
    assert codes <= set(re.findall("`([A-Z_]+)`", PAGE))
