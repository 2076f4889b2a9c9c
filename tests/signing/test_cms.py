"""CMS: what is made here others read, and what others make is read here."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import NoReturn

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.asymmetric.padding import AsymmetricPadding
from cryptography.hazmat.primitives.asymmetric.utils import NoDigestInfo, Prehashed

from mynacard.errors import CertificateFileError, UnsupportedAlgorithmError, UsageError
from mynacard.hashes import HashAlgorithm
from mynacard.signing import cades, cms
from mynacard.signing.cms import parse, sign, verify
from mynacard.signing.content import of_bytes
from mynacard.trust import Verdict
from tests.signing.desk import Desk, desk
from tests.signing.documents import CA, CERTIFICATE, DATA, OTHER, SIGNATURE, verdict
from tests.trust.authorities import holder, key

__all__ = ["desk"]


class OnCard(rsa.RSAPrivateKey):
    """A key that counts its signatures and gives nothing else away."""

    def __init__(self, inner: rsa.RSAPrivateKey) -> None:
        self._inner = inner
        self.signatures = 0

    @property
    def key_size(self) -> int:
        return self._inner.key_size

    def public_key(self) -> rsa.RSAPublicKey:
        return self._inner.public_key()

    def sign(
        self, data: bytes, padding: AsymmetricPadding, algorithm: Prehashed | hashes.HashAlgorithm | NoDigestInfo
    ) -> bytes:
        self.signatures += 1
        return self._inner.sign(data, padding, algorithm)

    def decrypt(self, ciphertext: bytes, padding: AsymmetricPadding) -> NoReturn:
        raise AssertionError

    def private_numbers(self) -> NoReturn:
        raise AssertionError

    def private_bytes(self, *_: object) -> NoReturn:
        raise AssertionError

    def __copy__(self) -> OnCard:
        return self

    def __deepcopy__(self, memo: object) -> OnCard:
        return self


@pytest.mark.parametrize("hash_", HashAlgorithm)
def test_one_document_costs_one_signature_of_the_card(hash_: HashAlgorithm) -> None:
    card = OnCard(key("holder"))
    assert verdict(sign(DATA, CERTIFICATE, card, hash_)) is Verdict.GOOD
    assert card.signatures == 1


def test_a_certificate_of_another_key_costs_no_signature() -> None:
    card = OnCard(key("holder"))
    with pytest.raises(UsageError):
        sign(DATA, OTHER, card)
    with pytest.raises(UnsupportedAlgorithmError):
        sign(DATA, holder(CA, "weak", bits=1024), card)
    assert card.signatures == 0


@pytest.mark.parametrize("hash_", HashAlgorithm)
def test_what_is_made_is_read_back(hash_: HashAlgorithm) -> None:
    parsed = parse(sign(DATA, CERTIFICATE, key("holder"), hash_))
    assert parsed.certificate == CERTIFICATE
    assert parsed.hash is hash_
    assert parsed.content_digest == hash_.digest(DATA)
    assert parsed.claimed_time is not None


@pytest.mark.parametrize("data", [b"", b"\r\n", b"x" * 3_000_000])
def test_any_content_can_be_signed(data: bytes) -> None:
    assert verdict(sign(data, CERTIFICATE, key("holder")), data) is Verdict.GOOD


def test_the_content_is_not_in_the_signature() -> None:
    assert DATA not in SIGNATURE
    assert len(SIGNATURE) < 3000


def test_a_signature_does_not_print_its_bytes() -> None:
    assert "content_digest" not in repr(parse(SIGNATURE))


# --- beside openssl ---


@pytest.mark.parametrize("hash_", HashAlgorithm)
def test_openssl_accepts_what_is_made_here(desk: Desk, hash_: HashAlgorithm) -> None:
    (desk.path / "ours").write_bytes(sign(DATA, CERTIFICATE, key("holder"), hash_))
    arguments = (
        "cms", "-verify", "-binary", "-inform", "DER", "-in", "ours", "-CAfile", "ca.pem", "-purpose", "any",
        "-attime", "1782864000", "-out", "out", "-content",
    )  # fmt: skip
    done = desk.openssl(*arguments, "content")
    assert done.returncode == 0, done.stderr
    assert (desk.path / "out").read_bytes() == DATA
    (desk.path / "other").write_bytes(DATA + b"\n")
    assert desk.openssl(*arguments, "other").returncode != 0


@pytest.mark.parametrize(
    "options",
    [
        (),
        ("-md", "sha256"),
        ("-md", "sha384"),
        ("-md", "sha512"),
        ("-nosmimecap",),
        ("-cades",),
        ("-keyid",),
        ("-certfile", "ca.pem"),
        ("-certfile", "somebody.pem"),
    ],
    ids="".join,
)
def test_what_openssl_makes_is_accepted_here(desk: Desk, options: tuple[str, ...]) -> None:
    signature = desk.sign(*options)
    assert parse(signature).certificate == CERTIFICATE
    assert verdict(signature) is Verdict.GOOD
    assert verdict(signature, DATA + b"\n") is Verdict.BAD


@pytest.mark.parametrize(
    ("options", "error"),
    [
        (("-md", "sha1"), UnsupportedAlgorithmError),
        (("-md", "sha224"), UnsupportedAlgorithmError),
        (("-md", "sha512-256"), UnsupportedAlgorithmError),
        (("-md", "sha3-256"), UnsupportedAlgorithmError),
        (("-keyopt", "rsa_padding_mode:pss"), UnsupportedAlgorithmError),
        (("-noattr",), CertificateFileError),
        (("-nocerts",), CertificateFileError),
        (("-stream", "-indef", "-nodetach"), CertificateFileError),
        (("-econtent_type", "1.2.3.4"), CertificateFileError),
        (("-signer", "somebody.pem", "-inkey", "somebody.key"), CertificateFileError),
    ],
    ids=lambda value: "".join(value) if isinstance(value, tuple) else "",
)
def test_what_openssl_makes_otherwise_is_refused(desk: Desk, options: tuple[str, ...], error: type[Exception]) -> None:
    with pytest.raises(error):
        parse(desk.sign(*options))


def test_the_signer_of_a_refused_algorithm_is_known(desk: Desk) -> None:
    for options in (("-md", "sha1"), ("-keyopt", "rsa_padding_mode:pss")):
        with pytest.raises(cms.RefusedAlgorithm) as refused:
            parse(desk.sign(*options))
        assert refused.value.certificate == CERTIFICATE


# --- with the content inside ---


OPAQUE = [cms.sign, cades.sign]


@pytest.mark.parametrize("make", OPAQUE)
@pytest.mark.parametrize("data", [DATA, b"", b"x" * 3_000_000], ids=len)
def test_a_signature_may_hold_what_was_signed(make: Callable[..., bytes], data: bytes) -> None:
    card = OnCard(key("holder"))
    signature = parse(make(data, CERTIFICATE, card, detached=False))
    assert card.signatures == 1
    assert signature.content == data
    assert verify(signature).verdict is Verdict.GOOD
    assert verify(signature, of_bytes(data)).verdict is Verdict.GOOD
    assert verify(signature, of_bytes(data + b"\n")).verdict is Verdict.BAD


@pytest.mark.parametrize("make", OPAQUE)
def test_a_changed_content_is_bad_whatever_lies_beside(make: Callable[..., bytes]) -> None:
    """Or else somebody takes out of the file what nobody signed."""
    changed = make(DATA, CERTIFICATE, key("holder"), detached=False).replace(b"a document", b"A document")
    signature = parse(changed)
    assert signature.content == DATA.replace(b"a document", b"A document")
    assert verify(signature).verdict is Verdict.BAD
    assert verify(signature, of_bytes(DATA)).verdict is Verdict.BAD


@pytest.mark.parametrize("options", [(), ("-cades",), ("-md", "sha512")], ids="".join)
def test_what_openssl_makes_around_the_content_is_accepted_here(desk: Desk, options: tuple[str, ...]) -> None:
    signature = parse(desk.sign("-nodetach", *options))
    assert signature.content == DATA
    assert verify(signature).verdict is Verdict.GOOD


def test_a_detached_signature_alone_proves_nothing() -> None:
    with pytest.raises(UsageError, match="the file is needed"):
        verify(parse(SIGNATURE))


@pytest.mark.parametrize("make", OPAQUE)
def test_what_is_too_long_to_go_in_costs_no_signature(
    make: Callable[..., bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cms, "CONTENT_MAX", 100)
    card = OnCard(key("holder"))
    with pytest.raises(UsageError, match="at most 100 bytes"):
        make(bytes(101), CERTIFICATE, card, detached=False)
    assert card.signatures == 0
    assert parse(make(bytes(100), CERTIFICATE, card, detached=False)).content == bytes(100)


def test_content_is_no_room_for_a_long_signature(monkeypatch: pytest.MonkeyPatch) -> None:
    signature = sign(bytes(10_000), CERTIFICATE, key("holder"), detached=False)
    monkeypatch.setattr(cms, "SIGNATURE_FILE_MAX", len(signature) - 10_000)
    assert parse(signature).content == bytes(10_000)
    monkeypatch.setattr(cms, "SIGNATURE_FILE_MAX", len(signature) - 10_001)
    with pytest.raises(CertificateFileError, match="too long to be one"):
        parse(signature)


def test_a_certificate_that_is_named_is_seen_by_a_program_that_loads_nothing_else(tmp_path: Path) -> None:
    """asn1crypto learns of the attribute from another of its modules, and only if that comes first."""
    (tmp_path / "signature").write_bytes(cades.sign(DATA, CERTIFICATE, key("holder")))
    script = """
import sys
from mynacard.signing import cms
with open(sys.argv[1], "rb") as file:
    print(cms.parse(file.read()).names_certificate)
"""
    command = [sys.executable, "-c", script, str(tmp_path / "signature")]
    assert subprocess.run(command, capture_output=True, text=True, check=True).stdout == "True\n"
