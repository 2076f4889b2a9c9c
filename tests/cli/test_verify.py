"""``mynacard verify`` of what is refused: that is a verdict (70), and not a wrong command line."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec

from tests.cli.command_line import run
from tests.signing.documents import CA, CERTIFICATE, DATA, SIGNATURE
from tests.signing.test_judging import SIGNED
from tests.signing.test_timestamp import STAMPED, STAMPED_FILE, UNREADABLE, with_tokens
from tests.trust.authorities import CA_BASIC, CA_END, CA_START, CA_USAGE, der, holder

RSA, UNKNOWN = bytes.fromhex("06092a864886f70d010101"), bytes.fromhex("0609608648016503040211")
SHA256, SHA224 = bytes.fromhex("0609608648016503040201"), bytes.fromhex("0609608648016503040204")


def elliptic() -> bytes:
    """A self-signed certificate with an EC key and the CA's name."""
    private, name = ec.generate_private_key(ec.SECP256R1()), CA.certificate.subject
    builder: Any = x509.CertificateBuilder(name, name, private.public_key(), 1, CA_START, CA_END)
    for extension in (*CA_BASIC, *CA_USAGE):
        builder = builder.add_extension(*extension)
    return der(builder.sign(private, hashes.SHA256()))


FILES: Final = {
    "document": DATA,
    "ca": der(CA.certificate),
    "elliptic": elliptic(),
    "weak": der(holder(CA, "weak", bits=1024)),
    "unknown": der(CERTIFICATE).replace(RSA, UNKNOWN),
    "raw": bytes(256),
    "signature": SIGNATURE,
    "by SHA-224": SIGNATURE.replace(SHA256, SHA224),
    "by an unknown algorithm": SIGNATURE.replace(RSA, UNKNOWN),
    "pdf": SIGNED,
    "pdf by SHA-224": SIGNED.replace(SHA256.hex().encode(), SHA224.hex().encode()),
    "stamped": STAMPED,
    "stamped pdf": STAMPED_FILE,
    "stamped by SHA-1": with_tokens(UNREADABLE["by SHA-1"]),
    "stamped by an unknown algorithm": with_tokens(UNREADABLE["by an unknown algorithm"]),
}


@pytest.mark.parametrize(
    ("words", "step", "code"),
    [
        ("document raw --ca ca --certificate elliptic", "signature", "signature/unsupported"),
        ("document raw --ca ca --certificate weak", "signature", "signature/unsupported"),
        ("document raw --ca ca --certificate unknown", "signature", "signature/unsupported"),
        ("document signature --ca elliptic", "issuer", "issuer/unsupported"),
        ("pdf --ca elliptic", "issuer", "issuer/unsupported"),
        ("document by_SHA-224 --ca ca", "signature", "signature/unsupported"),
        ("document by_an_unknown_algorithm --ca ca", "signature", "signature/unsupported"),
        ("pdf_by_SHA-224 --ca ca", "signature", "signature/unsupported"),
        ("document stamped_by_SHA-1 --ca ca", "time stamp", "time-stamp/unreadable"),
        ("document stamped_by_an_unknown_algorithm --ca ca", "time stamp", "time-stamp/unreadable"),
    ],
)
def test_a_refused_algorithm_is_a_verdict(words: str, step: str, code: str, tmp_path: Path) -> None:
    for name, data in FILES.items():
        (tmp_path / name.replace(" ", "_")).write_bytes(data)
    paths = [word if word.startswith("-") else tmp_path / word for word in words.split()]
    outcome = run("verify", *paths, "--at", "2026-07-01", "--json")
    assert (outcome.code, outcome.err) == (70, "")
    steps = outcome.json["signatures"][0]["steps"] if "signatures" in outcome.json else outcome.json["steps"]
    assert (steps[step]["verdict"], steps[step]["code"]) == ("bad", code)


@pytest.mark.parametrize("document", ["stamped", "stamped pdf"])
def test_an_authority_s_ca_with_another_kind_of_key_makes_a_bad_time_stamp(document: str, tmp_path: Path) -> None:
    for name in ("document", "ca", "elliptic", document):
        (tmp_path / name).write_bytes(FILES[name])
    files = [tmp_path / document] if "pdf" in document else [tmp_path / "document", tmp_path / document]
    outcome = run("verify", *files, "--ca", tmp_path / "ca", "--tsa-ca", tmp_path / "elliptic")
    assert (outcome.code, outcome.err) == (70, "")
    assert "time stamp: bad. The time stamp (" in outcome.out
