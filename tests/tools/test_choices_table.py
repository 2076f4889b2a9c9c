"""The pages of simulated cards have every choice that is marked in the simulator's source."""

from __future__ import annotations

from pathlib import Path

import choices_table
import pytest

from mynacard.simulator.choices import chosen


@pytest.mark.parametrize("page", choices_table.PAGES, ids=lambda page: page.stem)
def test_a_page_has_the_table_that_is_printed_from_the_marks(page: Path) -> None:
    printed = choices_table.table(residence=choices_table.PAGES[page])
    assert choices_table.BEGIN + "\n" + printed + "\n" + choices_table.END in page.read_text("utf-8")


def test_no_situation_is_marked_twice() -> None:
    situations = [
        situation for residence in (False, True) for situation, _, _ in choices_table.choices(residence=residence)
    ]
    assert len(situations) == len(set(situations)) > 40


def test_a_mark_changes_nothing() -> None:
    value = object()
    assert chosen(value, "a situation") is value


def test_a_status_word_says_what_the_simulator_does(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    source = 'chosen(StatusWord.FAULT, "one", certainty="D")\nchosen(x == 1, "two" " parts", "this")\nother("three")\n'
    (tmp_path / "some.py").write_text(source, "utf-8")
    monkeypatch.setattr(choices_table, "SOURCE", tmp_path)
    assert list(choices_table.choices(residence=False)) == [("one", "'6F00'", "D"), ("two parts", "this", "?")]


def test_a_mark_whose_text_is_not_written_there_is_an_error(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "some.py").write_text("chosen(1, text)\n", "utf-8")
    monkeypatch.setattr(choices_table, "SOURCE", tmp_path)
    with pytest.raises(ValueError, match="malformed"):
        choices_table.table(residence=False)


def test_marks_of_residence_cards_are_apart(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "some.py").write_text('chosen(1, "one", "this")\n', "utf-8")
    (tmp_path / "residence").mkdir()
    (tmp_path / "residence" / "some.py").write_text('chosen(2, "two", "that")\n', "utf-8")
    monkeypatch.setattr(choices_table, "SOURCE", tmp_path)
    assert list(choices_table.choices(residence=False)) == [("one", "this", "?")]
    assert list(choices_table.choices(residence=True)) == [("two", "that", "?")]


def test_every_remark_about_a_choice_is_a_mark() -> None:
    for file in choices_table.SOURCE.rglob("*.py"):
        assert "# choice" not in file.read_text("utf-8"), file.name
