"""An answer to reset in words: of ISO/IEC 7816-3's forms, and of a reader that makes one up."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mynacard.reader_check.atr import atr_in_words

WORDS = {
    "3BE000FF8131FE4514": (
        "direct convention; T=1; receives up to 254 bytes a block; no historical bytes; checksum right"
    ),
    "3F6525002500900089": ("inverse convention; T=0; historical bytes 25 00 90 00 89"),
    "3B1396012233": "direct convention; T=0; up to 23.2 times the default speed; historical bytes 01 22 33",
    "3B80800101": (
        "direct convention; made up by the reader for a contactless card; no historical bytes; checksum right"
    ),
    "3B8280010102 02": (
        "direct convention; made up by the reader for a contactless card; historical bytes 01 02; checksum wrong"
    ),
    "3B90110180": "direct convention; T=1; no historical bytes; checksum right",
}


@pytest.mark.parametrize("atr", WORDS)
def test_an_answer_to_reset_is_told_in_words(atr: str) -> None:
    assert atr_in_words(bytes.fromhex(atr)) == WORDS[atr]


@pytest.mark.parametrize("atr", ["", "3B", "3C00", "3B80", "3B02AA", "3B00AA", "3B1010", "3B10F1", "3B8080010101"])
def test_other_bytes_are_not_an_answer_to_reset(atr: str) -> None:
    assert atr_in_words(bytes.fromhex(atr)) == "not an answer to reset of ISO/IEC 7816-3"


@given(st.binary(max_size=40))
def test_any_bytes_have_words(atr: bytes) -> None:
    assert atr_in_words(atr)
