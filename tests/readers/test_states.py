"""A reader is found by a part of its name."""

from __future__ import annotations

import pytest

from mynacard.readers import ReaderState


@pytest.mark.parametrize("part", ["ACS ACR1252 00 00", "acr1252", " 00", "リーダー", ""])
def test_a_reader_answers_to_any_part_of_its_name_whatever_the_case(part: str) -> None:
    assert ReaderState("ACS ACR1252 リーダー ACS ACR1252 00 00").answers_to(part)


@pytest.mark.parametrize("part", ["ACR122 ", "00 00 00", " ACS ACR1252"])
def test_a_reader_answers_to_nothing_else(part: str) -> None:
    assert not ReaderState("ACS ACR1252 00 00").answers_to(part)
