"""DER is what has one reading."""

from __future__ import annotations

import time

import pytest
from asn1crypto import core
from hypothesis import given
from hypothesis import strategies as st

from mynacard.ber import VALUES_MAX
from mynacard.errors import CertificateFileError
from mynacard.signing.der import check
from tests.trust.authorities import authority, der, holder


def test_certificates_are_der() -> None:
    check(der(authority().certificate))
    check(der(holder(authority())))


@pytest.mark.parametrize(
    "good",
    ["0500", "0101FF", "010100", "020100", "02020080", "0201FF", "0202FF7F", "3000", "3103020101", "8101AA"]
    + ["048180" + "00" * 128, "3106020101020102", "3006A00081003000"],
)
def test_der_is_taken(good: str) -> None:
    check(bytes.fromhex(good))


@pytest.mark.parametrize(
    ("data", "why"),
    [
        ("", "nothing"),
        ("30", "no length"),
        ("3001", "cut"),
        ("3003020101 00", "something follows"),
        ("3080 0201010000", "indefinite length"),
        ("24800401000000", "indefinite length in a string"),
        ("308103020101", "long form where the short would do"),
        ("30820003020101", "leading zero in the length"),
        ("0481 7F" + "00" * 127, "long form for 127"),
        ("04820080" + "00" * 128, "two bytes where one would do"),
        ("3085000000000100", "length in five bytes"),
        ("30FF", "reserved length"),
        ("3004020101", "longer than what is there"),
        ("30030204 01", "child longer than its parent"),
        ("2403040100", "string in pieces"),
        ("1000", "primitive sequence"),
        ("1100", "primitive set"),
        ("2203020101", "constructed number"),
        ("010101", "boolean that is neither"),
        ("0100", "boolean of no byte"),
        ("01020000", "boolean of two bytes"),
        ("0200", "number of no byte"),
        ("02020001", "number with a spare zero"),
        ("0202FF80", "number with a spare one"),
        ("0A020001", "enumerated with a spare zero"),
        ("3106020102020101", "set out of order"),
        ("1F0100", "tag of two bytes"),
        ("0000", "end of contents"),
    ],
)
def test_anything_else_is_refused(data: str, why: str) -> None:
    assert why
    with pytest.raises(CertificateFileError):
        check(bytes.fromhex(data))


@pytest.mark.parametrize(
    "bomb",
    [
        b"\x30\x80" * 100_000,
        b"\x30\x84\x7f\xff\xff\xff",
        bytes.fromhex("30830F0000") + b"\x05\x00" * 0x78000,
        b"\xa0\x82\xff\xff" * 16_000,
    ],
)
def test_a_bomb_is_put_out_at_once(bomb: bytes) -> None:
    start = time.process_time()
    with pytest.raises(CertificateFileError):
        check(bomb)
    assert time.process_time() - start < 2


def test_depth_and_number_of_values_have_limits() -> None:
    nested = b"\x05\x00"
    for _ in range(31):
        nested = bytes((0x30, len(nested))) + nested
    check(nested)
    with pytest.raises(CertificateFileError):
        check(bytes((0x30, len(nested))) + nested)
    check(core.SequenceOf([core.Null()] * (VALUES_MAX - 1), spec=core.Null).dump())
    with pytest.raises(CertificateFileError):
        check(core.SequenceOf([core.Null()] * VALUES_MAX, spec=core.Null).dump())


@given(st.binary(max_size=100))
def test_any_bytes_are_der_or_an_error(data: bytes) -> None:
    try:
        check(data)
    except CertificateFileError:
        return


@given(st.integers(-(1 << 70), 1 << 70), st.binary(max_size=300), st.booleans())
def test_what_another_library_writes_is_der(number: int, data: bytes, flag: bool) -> None:
    for value in (core.Integer(number), core.OctetString(data), core.Boolean(flag)):
        check(value.dump())
