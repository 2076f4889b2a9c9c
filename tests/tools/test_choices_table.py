"""The page of the simulator has every choice that is marked in its source."""

from __future__ import annotations

from pathlib import Path

import choices_table
import pytest

from mynacard.simulator.choices import chosen


def test_the_page_of_the_simulator_has_the_table_that_is_printed_from_the_marks() -> None:
    printed = choices_table.BEGIN + "\n" + choices_table.table() + "\n" + choices_table.END
    assert printed in choices_table.PAGE.read_text("utf-8")


def test_no_situation_is_marked_twice() -> None:
    situations = [situation for situation, _, _ in choices_table.choices()]
    assert len(situations) == len(set(situations)) > 20


def test_a_mark_changes_nothing() -> None:
    value = object()
    assert chosen(value, "a situation") is value


def test_a_status_word_says_what_the_simulator_does(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    source = 'chosen(StatusWord.FAULT, "one", certainty="D")\nchosen(x == 1, "two" " parts", "this")\nother("three")\n'
    (tmp_path / "some.py").write_text(source, "utf-8")
    monkeypatch.setattr(choices_table, "SOURCE", tmp_path)
    assert list(choices_table.choices()) == [("one", "'6F00'", "D"), ("two parts", "this", "?")]


def test_a_mark_whose_text_is_not_written_there_is_an_error(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "some.py").write_text("chosen(1, text)\n", "utf-8")
    monkeypatch.setattr(choices_table, "SOURCE", tmp_path)
    with pytest.raises(ValueError, match="malformed"):
        choices_table.table()


def test_every_remark_about_a_choice_of_the_individual_card_is_a_mark() -> None:
    for file in (choices_table.SOURCE / "individual").glob("*.py"):
        assert "# choice" not in file.read_text("utf-8"), file.name
