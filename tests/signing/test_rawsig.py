"""A bare signature is good under one certificate, for one file, with one hash."""

from __future__ import annotations

import io
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.padding import MGF1, PSS, PKCS1v15

from mynacard.errors import CertificateFileError, UnsupportedAlgorithmError, UsageError
from mynacard.hashes import HashAlgorithm
from mynacard.signing import content, rawsig
from mynacard.trust import Verdict
from mynacard.trust.primitive import HASHES
from tests.test_meaning import NOT_SIGNED_ATTRIBUTES, SIGNED_ATTRIBUTES
from tests.trust.authorities import authority, holder, key

DATA = b"a document\r\n" * 100
CERTIFICATE = holder(authority())


def signature_of(data: bytes, hash_: HashAlgorithm = HashAlgorithm.SHA256) -> bytes:
    return key("holder").sign(data, PKCS1v15(), HASHES[hash_])


@pytest.mark.parametrize("hash_", HashAlgorithm)
def test_a_signature_is_good_with_its_hash_alone(hash_: HashAlgorithm) -> None:
    for other in HashAlgorithm:
        step = rawsig.verify(signature_of(DATA, hash_), CERTIFICATE, content.of_bytes(DATA), other)
        assert step.verdict is (Verdict.GOOD if other is hash_ else Verdict.BAD)


def test_without_a_word_the_hash_is_sha_256() -> None:
    assert rawsig.verify(signature_of(DATA), CERTIFICATE, content.of_bytes(DATA)).verdict is Verdict.GOOD


def test_a_file_has_the_digests_of_its_bytes_however_often_it_is_asked() -> None:
    digest_of = content.of_file(io.BytesIO(DATA))
    for hash_ in (*HashAlgorithm, *HashAlgorithm):
        assert digest_of(hash_) == content.of_bytes(DATA)(hash_) == hash_.digest(DATA)


def test_another_file_was_not_signed() -> None:
    assert rawsig.verify(signature_of(DATA), CERTIFICATE, content.of_bytes(DATA + b"\n")).verdict is Verdict.BAD


def test_another_key_did_not_sign() -> None:
    other = holder(authority(), "somebody")
    assert rawsig.verify(signature_of(DATA), other, content.of_bytes(DATA)).verdict is Verdict.BAD


def test_another_padding_is_bad() -> None:
    pss = PSS(MGF1(HASHES[HashAlgorithm.SHA256]), 32)
    signature = key("holder").sign(DATA, pss, HASHES[HashAlgorithm.SHA256])
    assert rawsig.verify(signature, CERTIFICATE, content.of_bytes(DATA)).verdict is Verdict.BAD


@pytest.mark.parametrize("value", [bytes(256), b"\xff" * 256, bytes(255) + b"\x01"])
def test_what_is_no_number_of_this_key_is_bad(value: bytes) -> None:
    assert rawsig.verify(value, CERTIFICATE, content.of_bytes(DATA)).verdict is Verdict.BAD


@pytest.mark.parametrize("length", [0, 1, 255, 257, 512])
def test_a_signature_of_another_length_is_none(length: int) -> None:
    with pytest.raises(CertificateFileError):
        rawsig.verify(signature_of(DATA)[:length].ljust(length, b"\x00"), CERTIFICATE, content.of_bytes(DATA))


def test_a_digest_of_another_length_is_the_callers_mistake() -> None:
    short = content.Content(lambda _: content.Hashed(bytes(20), are_signed_attributes=False))
    with pytest.raises(UsageError):
        rawsig.verify(signature_of(DATA), CERTIFICATE, short)


def test_a_weak_key_is_not_taken() -> None:
    weak = holder(authority(), "weak", bits=1024)
    with pytest.raises(UnsupportedAlgorithmError):
        rawsig.verify(bytes(128), weak, content.of_bytes(DATA))


# --- one signature, one meaning ------------------------------------------------------------------------------


@pytest.mark.parametrize("data", SIGNED_ATTRIBUTES, ids=len)
def test_a_signature_of_signed_attributes_is_bad_as_a_file_s(data: bytes) -> None:
    for given in (content.of_bytes(data), content.of_file(io.BytesIO(data))):
        step = rawsig.verify(signature_of(data), CERTIFICATE, given)
        assert (step.verdict, step.code) == (Verdict.BAD, "signature/two-meanings")


@pytest.mark.parametrize("data", NOT_SIGNED_ATTRIBUTES, ids=len)
def test_a_file_that_only_begins_like_them_is_a_file(data: bytes) -> None:
    for given in (content.of_bytes(data), content.of_file(io.BytesIO(data))):
        assert rawsig.verify(signature_of(data), CERTIFICATE, given).verdict is Verdict.GOOD


class Dripping(io.BytesIO):
    """A pipe that gives one byte at a time, once."""

    def readinto(self, buffer: Any, /) -> int:
        return super().readinto(memoryview(buffer)[:1])

    def seek(self, *_: int) -> int:
        raise AssertionError


@pytest.mark.parametrize("data", [*SIGNED_ATTRIBUTES[:-1], *NOT_SIGNED_ATTRIBUTES], ids=len)
def test_a_pipe_is_read_once_and_told_apart_too(data: bytes) -> None:
    hashed = content.hashed(Dripping(data), HashAlgorithm.SHA512)
    told = data in SIGNED_ATTRIBUTES
    assert hashed == content.Hashed(HashAlgorithm.SHA512.digest(data), are_signed_attributes=told)
