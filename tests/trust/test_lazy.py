"""A certificate of which only the key is wanted is not read whole."""

from __future__ import annotations

import pytest

from mynacard.errors import CertificateFileError
from mynacard.trust import load_certificate
from mynacard.trust.certificates import rsa_public_key
from tests.trust.authorities import authority, der, holder, pem

CERTIFICATE = holder(authority())


def test_the_certificate_is_the_same_however_much_of_it_is_read() -> None:
    for data in (der(CERTIFICATE), pem(CERTIFICATE)):
        assert load_certificate(data, whole=False) == load_certificate(data) == CERTIFICATE


def test_a_damaged_part_raises_when_it_is_read_and_only_the_whole_certificate_reads_all() -> None:
    damaged = der(CERTIFICATE).replace(bytes.fromhex("0603551D0F"), bytes.fromhex("0603551D20"))  # a policy twice
    with pytest.raises(CertificateFileError):
        load_certificate(damaged)
    lazy = load_certificate(damaged, whole=False)
    assert rsa_public_key(lazy).public_numbers() == rsa_public_key(CERTIFICATE).public_numbers()
    with pytest.raises(Exception, match="Duplicate"):
        _ = lazy.extensions


def test_what_is_no_certificate_raises_in_any_case() -> None:
    for data in (b"", b"\x30\x00", der(CERTIFICATE)[:-1]):
        with pytest.raises(CertificateFileError):
            load_certificate(data, whole=False)
