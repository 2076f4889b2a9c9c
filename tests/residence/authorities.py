"""CAs and signers made for tests, and cards signed by them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from functools import cache

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID

from mynacard.residence import Anchor, CardFiles, First, Second
from mynacard.residence.forms import build
from mynacard.simulator.residence.issuing import Signer, issue
from mynacard.simulator.residence.persona import RESIDENCE_PERSONAS
from mynacard.simulator.residence.pki import PrivateKey
from mynacard.simulator.traits import Traits
from tests.residence.cards import changed, files

NOW = datetime(2026, 11, 24, tzinfo=UTC)
DAY = timedelta(days=1)
SHA256 = hashes.SHA256()
CA = x509.BasicConstraints(ca=True, path_length=0)
NO_CA = x509.BasicConstraints(ca=False, path_length=None)


def usage(**flags: bool) -> x509.KeyUsage:
    names = (
        "digital_signature", "content_commitment", "key_encipherment", "data_encipherment", "key_agreement",
        "key_cert_sign", "crl_sign", "encipher_only", "decipher_only",
    )  # fmt: skip
    return x509.KeyUsage(**{name: flags.get(name, False) for name in names})


@cache
def key(name: str, generation: int) -> PrivateKey:
    """The key of this name, made on first use."""
    del name
    return rsa.generate_private_key(65537, 2048) if generation == 1 else ec.generate_private_key(ec.SECP384R1())


def certificate(
    subject: str,
    public_key: PrivateKey,
    issuer: str,
    issuer_key: PrivateKey,
    extensions: Sequence[tuple[x509.ExtensionType, bool]],
    *,
    organization: str = "Test",
    start: datetime = NOW - DAY,
    end: datetime = NOW + DAY,
    digest: hashes.HashAlgorithm = SHA256,
) -> x509.Certificate:
    def name(text: str) -> x509.Name:
        return x509.Name([
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, organization), x509.NameAttribute(NameOID.COMMON_NAME, text),
        ])  # fmt: skip

    builder = x509.CertificateBuilder(name(issuer), name(subject), public_key.public_key(), 42, start, end)
    for extension, critical in extensions:
        builder = builder.add_extension(extension, critical)
    return builder.sign(issuer_key, digest)


def authority(generation: int, *, organization: str = "Test", **options: object) -> x509.Certificate:
    """A CA that is in order except for *options*."""
    found = key("ca", generation)
    extensions = [(CA, True), (usage(key_cert_sign=True), True)]
    return certificate(
        "CA",
        found,
        "CA",
        found,
        extensions,
        organization=organization,
        **options,  # type: ignore[arg-type]
    )


def signer(
    generation: int, extensions: Sequence[tuple[x509.ExtensionType, bool]] | None = None, **options: object
) -> x509.Certificate:
    """The certificate of a signer under it, in order except for *options*."""
    given = [(usage(digital_signature=True), True)] if extensions is None else extensions
    issuer, found = key("ca", generation), key("signer", generation)
    return certificate("Signer", found, "CA", issuer, given, **options)  # type: ignore[arg-type]


def anchor(generation: int, **options: object) -> Anchor:
    return anchor_of(authority(generation, **options))  # type: ignore[arg-type]


def anchor_of(found: x509.Certificate) -> Anchor:
    return Anchor.load(found.public_bytes(Encoding.DER))


def signed(generation: int, found: x509.Certificate | None = None) -> CardFiles:
    """A card signed with the signer's key, whose certificate is *found*."""
    persona = RESIDENCE_PERSONAS[f"residence-{generation}-mid-term"]
    der = (found or signer(generation)).public_bytes(Encoding.DER)
    contents = issue(persona, Signer(key("signer", generation), der), Traits())
    return CardFiles(contents.type, contents.files)


def with_signature(generation: int, value: bytes, der: bytes) -> CardFiles:
    """A simulated card with another signature and another certificate."""
    file, tags = ((First.SIGNATURE, (0xDA, 0xDB)), (Second.SIGNATURE, (0xDC, 0xDD)))[generation - 1]
    written = build(file, dict(zip(tags, (value, der), strict=True)))
    return changed(files(f"residence-{generation}-mid-term"), {file: written})
