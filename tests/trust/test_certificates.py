"""A certificate is loaded, or one sentence says why not."""

from __future__ import annotations

import contextlib
import warnings
from collections.abc import Callable
from typing import Literal

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from hypothesis import given
from hypothesis import strategies as st

from mynacard.errors import CertificateFileError, MynacardError, UnsupportedAlgorithmError
from mynacard.residence.certificates import Certificate as ResidenceCertificate
from mynacard.trust.certificates import CERTIFICATE_MAX, load, rsa_public_key
from tests.trust.authorities import END, START, authority, der, holder, key, name_of, pem

CERTIFICATE = holder(authority())


@pytest.mark.parametrize("data", [der(CERTIFICATE), pem(CERTIFICATE), b"Subject: somebody\n" + pem(CERTIFICATE)])
def test_pem_and_der_are_loaded(data: bytes) -> None:
    assert load(data) == CERTIFICATE


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"hello",
        der(CERTIFICATE) + b"\x00",
        der(CERTIFICATE)[:-1],
        pem(CERTIFICATE)[:-30],
        pem(CERTIFICATE) * 2,
        pem(CERTIFICATE).replace(b"CERTIFICATE", b"PRIVATE KEY"),
        b"\x30\x80" + der(CERTIFICATE)[4:] + b"\x00\x00",
        bytes(CERTIFICATE_MAX + 1),
        b"\x30" * 1000,
    ],
    ids=["empty", "text", "trailing", "cut", "cut PEM", "two", "other PEM", "indefinite", "too long", "nested"],
)
def test_anything_else_is_one_sentence(data: bytes) -> None:
    with pytest.raises(CertificateFileError) as caught:
        load(data)
    assert "\n" not in str(caught.value)
    assert caught.value.__cause__ is None


@pytest.mark.parametrize("loaded", [load, ResidenceCertificate.load])
def test_a_name_of_any_type_of_string_makes_no_other_error(loaded: Callable[[bytes], object]) -> None:
    common_name = bytes.fromhex("0603550403")  # id-at-commonName, before the string: RFC 5280 Appendix A.1
    before, _, after = der(CERTIFICATE).rpartition(common_name)
    for string_type in range(256):
        with contextlib.suppress(CertificateFileError):
            loaded(before + common_name + bytes([string_type]) + after[1:])


@given(st.integers(0), st.integers(1, 255))
def test_a_changed_byte_makes_no_other_error(place: int, difference: int) -> None:
    data = bytearray(der(CERTIFICATE))
    data[place % len(data)] ^= difference
    actions: tuple[Literal["error"], Literal["ignore"]] = ("error", "ignore")
    for action in actions:  # cryptography warns of some things that RFC 5280 forbids
        with warnings.catch_warnings(), contextlib.suppress(MynacardError):
            warnings.simplefilter(action)
            rsa_public_key(load(bytes(data)))


@given(st.binary(max_size=300))
def test_any_bytes_are_a_certificate_or_an_error(data: bytes) -> None:
    for each in (data, b"\x30\x82\x01\x00" + data, b"-----BEGIN CERTIFICATE-----\n" + data):
        with pytest.raises(CertificateFileError):
            load(each)


def test_a_certificate_has_one_encoding() -> None:
    """With its last bit a zero, a signature can also be written as one of 2047 bits and a spare one."""
    ending_in_zero = (holder(authority(), serial=serial) for serial in range(1, 100))
    certificate = next(found for found in ending_in_zero if not found.signature[-1] & 1)
    data = bytearray(der(certificate))
    data[-len(certificate.signature) - 1] = 1
    with pytest.raises(CertificateFileError):
        load(bytes(data))


def test_a_key_that_is_not_rsa_is_unsupported() -> None:
    other = ec.derive_private_key(7, ec.SECP256R1())
    builder = x509.CertificateBuilder(name_of("X"), name_of("X"), other.public_key(), 1, START, END)
    certificate = load(der(builder.sign(other, hashes.SHA256())))
    with pytest.raises(UnsupportedAlgorithmError):
        rsa_public_key(certificate)


def test_a_weak_key_is_unsupported() -> None:
    with pytest.raises(UnsupportedAlgorithmError):
        rsa_public_key(holder(authority(), "weak", bits=1024))
    assert rsa_public_key(CERTIFICATE).public_numbers() == key("holder").public_key().public_numbers()
