"""BER is read as the DER that it stands for, or not at all."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mynacard.ber import DEPTH_MAX, PIECES_MAX, VALUES_MAX, to_der
from mynacard.errors import CertificateFileError, UnsupportedAlgorithmError
from mynacard.signing import cades, cms, der
from tests.signing import ber
from tests.signing.documents import CERTIFICATE, DATA, SIGNATURE
from tests.trust.authorities import authority, holder, key
from tests.trust.authorities import der as der_of

OPAQUE = cades.sign(DATA, CERTIFICATE, key("holder"), detached=False)
IN_DER = [SIGNATURE, OPAQUE, der_of(authority().certificate), der_of(holder(authority())), b"\x05\x00", b"\x31\x00"]


@pytest.mark.parametrize("data", IN_DER, ids=len)
def test_what_is_der_comes_back_byte_for_byte(data: bytes) -> None:
    der.check(data)
    assert to_der(data) == data


@given(st.data(), st.sampled_from(IN_DER))
def test_whatever_the_lengths_and_pieces_it_is_the_same_der(draw: st.DataObject, data: bytes) -> None:
    written = ber.ber_of(data, lambda below: draw.draw(st.integers(0, below - 1)))
    assert to_der(written) == data


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("3080 020101 0000", "3003020101"),
        ("3080 0000", "3000"),
        ("30820003 020101", "3003020101"),
        ("048100", "0400"),
        ("0485 0000000001 61", "040161"),
        ("2480 0000", "0400"),
        ("2400", "0400"),
        ("2480 0401 61 0400 040162 0000", "04026162"),
        ("2480 2480 040161 0000 2403 040162 0000", "04026162"),
        ("A080 2480 040161 0000 0000", "A003040161"),
        ("3080 0402 0000 0000", "300404020000"),
        ("04FE" + "00" * 125 + "01 61", "040161"),
    ],
)
def test_these_are_the_same_value(written: str, expected: str) -> None:
    assert to_der(bytes.fromhex(written)) == bytes.fromhex(expected)


@pytest.mark.parametrize(
    ("data", "why"),
    [
        ("", "nothing"),
        ("30", "no length"),
        ("3080", "no end"),
        ("3080 00", "half an end"),
        ("3005 3080 020101 0000", "an end beyond its parent"),
        ("3080 3003 3080 00 00 0000", "an end that begins in its parent and ends outside of it"),
        ("3080 0000 00", "something follows"),
        ("3003020101 3000", "a second value"),
        ("3004020101", "longer than what is there"),
        ("3003 0204 01", "a child longer than its parent"),
        ("0480 61 0000", "a primitive value without a length"),
        ("2480 020161 0000", "a piece of another kind"),
        ("2480 2303030061 0000", "a piece of another kind, in pieces"),
        ("2480 048061 0000 0000", "a piece without a length"),
        ("1F0100", "a tag of two bytes"),
        ("30FF" + "00" * 127, "the reserved length"),
    ],
)
def test_anything_else_is_refused(data: str, why: str) -> None:
    assert why
    with pytest.raises(CertificateFileError):
        to_der(bytes.fromhex(data))


@pytest.mark.parametrize("written", ["0000", "010101", "2203020101", "02020001", "3106020102020101", "2304030200FF"])
def test_what_is_not_der_for_another_reason_is_left_to_the_strict_reader(written: str) -> None:
    data = bytes.fromhex(written)
    assert to_der(data) == data
    with pytest.raises(CertificateFileError):
        der.check(data)


@pytest.mark.parametrize(
    "bomb",
    [
        b"\x30\x80" * 1_000_000,
        b"\x24\x80" * 1_000_000,
        b"\x30\x80" + b"\x24\x80" * 1_000_000,
        b"\x24\x80" + b"\x04\x00" * 1_000_000 + b"\x00\x00",
        b"\x30\x80" + b"\x24\x80\x00\x00" * 1_000_000 + b"\x00\x00",
        b"\x30\x80" + (b"\x24\x80" + b"\x04\x00" * 200 + b"\x00\x00") * 10_000 + b"\x00\x00",
        b"\xa0\x84\x00\x0f\x00\x00" * 200_000,
        b"\x30\x84\x7f\xff\xff\xff",
        b"\x30\xfe" + b"\xff" * 126,
    ],
    ids=len,
)
def test_a_bomb_is_put_out_at_once(bomb: bytes) -> None:
    start = time.process_time()
    with pytest.raises(CertificateFileError):
        to_der(bomb)
    assert time.process_time() - start < 2


def test_depth_values_and_pieces_have_limits() -> None:
    for count in (DEPTH_MAX, DEPTH_MAX + 1):
        nested = b"\x30\x80" * count + b"\x00\x00" * count
        if count == DEPTH_MAX:
            der.check(to_der(nested))
        else:
            with pytest.raises(CertificateFileError):
                to_der(nested)
    for child, most in ((b"\x05\x00", VALUES_MAX - 1), (b"\x24\x80\x00\x00", VALUES_MAX - 1)):
        assert to_der(b"\x30\x80" + child * most + b"\x00\x00")
        with pytest.raises(CertificateFileError):
            to_der(b"\x30\x80" + child * (most + 1) + b"\x00\x00")
    assert len(to_der(b"\x24\x80" + b"\x04\x01\x61" * PIECES_MAX + b"\x00\x00")) == PIECES_MAX + 5
    with pytest.raises(CertificateFileError):
        to_der(b"\x24\x80" + b"\x04\x01\x61" * (PIECES_MAX + 1) + b"\x00\x00")


@given(st.binary(max_size=100))
def test_any_bytes_become_der_or_stay_or_are_an_error(data: bytes) -> None:
    try:
        again = to_der(data)
    except CertificateFileError:
        return
    assert to_der(again) == again


STREAMED = ber.ber_of(OPAQUE, lambda below: below - 1)


@given(st.integers(0, len(STREAMED) - 1), st.integers(0, 40), st.binary(max_size=8))
def test_whatever_is_changed_in_ber_nothing_but_der_is_read(start: int, length: int, piece: bytes) -> None:
    try:
        data = to_der(STREAMED[:start] + piece + STREAMED[start + length :])
        cms.parse(data)
    except (CertificateFileError, UnsupportedAlgorithmError):
        return
    der.check(data)
