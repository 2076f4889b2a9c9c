"""Signed attributes are told by their first bytes and their length, in every way in which BER writes them."""

from __future__ import annotations

from typing import Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mynacard.errors import UsageError
from mynacard.meaning import START, are_signed_attributes, check, key_for_signed_attributes
from tests.signing.ber import ber_of
from tests.trust.authorities import key

CONTENT_TYPE: Final = bytes.fromhex("301806092A864886F70D010903310B06092A864886F70D010701")
MESSAGE_DIGEST: Final = bytes.fromhex("302F06092A864886F70D01090431220420") + bytes(32)
DER: Final = b"\x31\x4b" + CONTENT_TYPE + MESSAGE_DIGEST
INSIDE: Final = DER[2:]
FIRST_BY_THE_LONGEST: Final = b"\x30\xfe" + INSIDE[1].to_bytes(126, "big") + INSIDE[2:]

SIGNED_ATTRIBUTES: Final = [
    DER,
    b"\x31\x80" + INSIDE + b"\x00\x00",
    b"\x31\x81" + bytes((len(INSIDE),)) + INSIDE,
    b"\x31\x84" + len(INSIDE).to_bytes(4, "big") + INSIDE,
    b"\x31" + b"\xfe" + len(INSIDE).to_bytes(126, "big") + INSIDE,
    b"\x31" + b"\xfe" + len(FIRST_BY_THE_LONGEST).to_bytes(126, "big") + FIRST_BY_THE_LONGEST,
    b"\x31\x80\x30\x80" + INSIDE[2:] + b"\x00\x00\x00\x00",
    b"\x31\x83\x04\x00\x00" + b"\x30\x83\x03\xff\xfb" + b"\x06" + bytes(0x3FFFA),
]
NOT_SIGNED_ATTRIBUTES: Final = [
    b"",
    b"1",
    b"10",
    b"1" * 300,
    b"100 yen, in words: one hundred.\n",
    DER + b"\x00",
    DER[:-1],
    b"\x31\x00",
    b"\x31\x80",
    b"\x31\x02\x30\x00",
    b"\x31\x05\x30\x03\x02\x01\x01",
    b"\x30" + DER[1:],
    b"\xa0" + DER[1:],
    INSIDE,
    b"\x31\x84" + (len(INSIDE) + 1).to_bytes(4, "big") + INSIDE,
]


@pytest.mark.parametrize("data", SIGNED_ATTRIBUTES, ids=len)
def test_signed_attributes_are_told_in_every_encoding(data: bytes) -> None:
    assert are_signed_attributes(data[:START], len(data))
    with pytest.raises(UsageError, match="of another file, too"):
        check(data)


@pytest.mark.parametrize("data", NOT_SIGNED_ATTRIBUTES, ids=len)
def test_other_bytes_are_not_taken_for_them(data: bytes) -> None:
    assert not are_signed_attributes(data[:START], len(data))
    check(data)


@given(st.data())
def test_whatever_the_lengths_and_pieces_they_are_told(draw: st.DataObject) -> None:
    data = ber_of(DER, lambda below: draw.draw(st.integers(0, below - 1)))
    assert are_signed_attributes(data[:START], len(data))


@given(st.binary(max_size=300), st.integers(0, 1 << 40))
def test_any_start_and_size_get_an_answer(start: bytes, size: int) -> None:
    assert isinstance(are_signed_attributes(start, size), bool)


def test_what_decides_is_within_the_first_bytes() -> None:
    longest = max(SIGNED_ATTRIBUTES, key=lambda data: data.index(b"\x06"))
    assert longest.index(b"\x06", 200) == START - 1
    assert not are_signed_attributes(longest[: START - 1], len(longest))


def test_a_view_of_wider_numbers_is_measured_in_bytes() -> None:
    data = b"\x31\x0e" + b"\x30\x0c\x06\x0a" + bytes(10)
    with pytest.raises(UsageError):
        check(memoryview(data).cast("I"))


def test_a_key_that_offers_no_other_form_is_used_as_it_is() -> None:
    assert key_for_signed_attributes(key("holder")) is key("holder")
