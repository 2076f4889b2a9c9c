"""Every statement has a test, every test a statement, and the page says what is so."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import cast

import pytest

from tests.conformance.card.conversation import KEYS
from tests.conformance.card.statements import FILE, STATEMENTS, claims, left_out_table, section_tables
from tests.support import vector_file

ROOT = Path(__file__).resolve().parents[3]
PAGE = ROOT / "docs" / "conformance.md"


def test_every_statement_has_one_test_and_every_test_its_statement() -> None:
    tested = Counter(name for test in claims() for name in test.statements)
    assert sorted(tested) == sorted(STATEMENTS)
    assert [name for name, count in tested.items() if count > 1] == []
    assert [test.name for test in claims() if not test.statements] == []


@pytest.mark.parametrize("name", STATEMENTS)
def test_a_statement_says_what_it_needs_and_who_says_so(name: str) -> None:
    found = STATEMENTS[name]
    assert found.mark in {"A", "B"}
    assert found.says.endswith(".")
    assert "|" not in found.says
    assert len(found.by) >= (2 if found.mark == "A" else 1)
    assert set(found.pins) <= KEYS.keys()


def test_everyone_named_as_a_source_says_something() -> None:
    source = cast(dict[str, dict[str, str]], vector_file(FILE)["source"])
    assert {by for found in STATEMENTS.values() for by in found.by} == source["implementations"].keys()


def test_the_page_has_every_statement() -> None:
    page = PAGE.read_text(encoding="utf-8")
    assert section_tables() in page, "run tools/conformance_table.py"
    assert left_out_table() in page, "run tools/conformance_table.py"
