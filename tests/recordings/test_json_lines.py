"""What does not have the format of a recording, to the letter, is refused."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mynacard import errors
from mynacard.recordings.json_lines import load
from tests.jpki.cards import card_with
from tests.recordings.card_in_use import of, recorded, timed


@pytest.mark.parametrize(
    "content", ["", "\n", "{}", "[]", "null", "mynacard recording", '{"format": "another"}', "[" * 99999]
)
def test_another_file_is_no_recording(content: str) -> None:
    with pytest.raises(errors.CardFileError, match="is not a recording of a card"):
        of(content)


def test_another_version_is_told() -> None:
    with pytest.raises(errors.CardFileError, match="unknown version"):
        of(recorded(card_with()).replace('"version": 1', '"version": 3'))


def test_a_recording_is_cut_off_wherever_it_ends_too_soon() -> None:
    text = recorded(card_with())
    for end in range(text.index("\n"), len(text), 97):
        with pytest.raises(errors.CardFileError, match="cut off|damaged"):
            of(text[:end])
    lines = text.splitlines(keepends=True)
    for cut in range(1, len(lines)):
        with pytest.raises(errors.CardFileError, match="cut off"):
            of("".join(lines[:cut]))
    with pytest.raises(errors.CardFileError, match="cut off"):
        of("".join(lines[:3] + lines[4:]))


@pytest.mark.parametrize(
    "line",
    [
        "", "{}", "[]", "1", "nonsense", '{"command": "00"}', '{"answer": "9000"}', '{"command": 1, "answer": "9000"}',
        '{"command": "0", "answer": "9000"}', '{"command": "00b0", "answer": "9000"}',
        '{"command": "0G", "answer": "9000"}', '{"command": "00", "answer": 9000}',
        '{"command": "00", "answer": "900"}', '{"command": "00", "answer": "90*0"}',
        '{"command": "00", "answer": "**9000"}', '{"command": "00", "answer": "**9000", "masked": [[0, 2]]}',
        '{"command": "00", "answer": "009000", "masked": [[0, 1]]}',
        '{"command": "00", "answer": "9000", "masked": []}',
        '{"command": "00", "answer": "9000", "error": "x"}', '{"command": "00", "answer": "9000", "more": 1}',
        '{"command": "00", "answer": "9000", "secret": false}', '{"command": "00", "answer": "9000", "secret": 1}',
        '{"command": "0020009804", "answer": "9000", "secret": true}', '{"command": "00", "error": 1}',
    ],
)  # fmt: skip
def test_a_damaged_line_is_told_by_its_number(line: str) -> None:
    header = recorded(card_with()).splitlines()[0]
    with pytest.raises(errors.CardFileError, match="damaged in line 2"):
        of(f'{header}\n{line}\n{{"end": 1}}\n')


@pytest.mark.parametrize("about", ['"text"', "[]", "null", '{"card": 1}'])
def test_about_is_made_of_texts(about: str) -> None:
    with pytest.raises(errors.CardFileError, match="damaged in line 1"):
        of(f'{{"format": "mynacard recording", "version": 1, "about": {about}}}\n{{"end": 0}}\n')


@given(st.binary(max_size=200))
def test_any_bytes_are_an_error_of_this_library(content: bytes) -> None:
    with pytest.raises(errors.CardFileError):
        load(content, "bytes")


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('"took": 1', '"took": -1'), ('"took": 1', '"took": 1.0'), ('"took": 1', '"took": true'),
        ('"took": 1', '"took": 9007199254740992'), (', "took": 1', ""), ('"version": 2', '"version": 1'),
        ('"version": 2', '"version": true'),
    ],
)  # fmt: skip
def test_times_of_another_form_are_damage(old: str, new: str) -> None:
    text = timed(card_with(), itertools.count(0, 1000))
    assert old in text
    with pytest.raises(errors.CardFileError):
        of(text.replace(old, new))
