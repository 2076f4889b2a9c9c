"""Made-up authorities and holders with certificates in the form of JPKI's, wrong in one respect at a time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID

START, NOW, END = datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 7, 1, tzinfo=UTC), datetime(2031, 1, 1, tzinfo=UTC)
CA_START, CA_END = datetime(2023, 1, 1, tzinfo=UTC), datetime(2033, 1, 1, tzinfo=UTC)
POLICY = x509.ObjectIdentifier("1.2.392.200149.8.5.1.1.20")
OTHER_NAME = x509.ObjectIdentifier("1.2.392.200149.8.5.5.1")

Extensions = Sequence[tuple[x509.ExtensionType, bool]]


def key(name: str, bits: int = 2048) -> rsa.RSAPrivateKey:
    """The key called *name*, made on first use."""
    return _key(name, bits)


@cache
def _key(name: str, bits: int) -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(65537, bits)


def name_of(organization: str, unit: str = "JPKI for digital signature") -> x509.Name:
    parts = [(NameOID.COUNTRY_NAME, "JP"), (NameOID.ORGANIZATION_NAME, organization)]
    units = [(NameOID.ORGANIZATIONAL_UNIT_NAME, unit), (NameOID.ORGANIZATIONAL_UNIT_NAME, "An Agency, made up")]
    return x509.Name([x509.NameAttribute(oid, value) for oid, value in (*parts, *units)])


def usage(*bits: str) -> x509.KeyUsage:
    every = (
        "digital_signature", "content_commitment", "key_encipherment", "data_encipherment", "key_agreement",
        "key_cert_sign", "crl_sign", "encipher_only", "decipher_only",
    )  # fmt: skip
    return x509.KeyUsage(**{bit: bit in bits for bit in every})


def points(name: x509.Name) -> x509.CRLDistributionPoints:
    """A directory name and no URL, as in JPKI's."""
    return x509.CRLDistributionPoints([x509.DistributionPoint([x509.DirectoryName(name)], None, None, None)])


CA_BASIC: Extensions = [(x509.BasicConstraints(ca=True, path_length=None), True)]
CA_USAGE: Extensions = [(usage("key_cert_sign", "crl_sign"), True)]
DOCUMENT: Extensions = [(usage("digital_signature", "content_commitment"), True)]
AUTHENTICATION: Extensions = [(usage("digital_signature"), True)]


@dataclass(frozen=True)
class Authority:
    """A CA: its certificate and the name of its key."""

    certificate: x509.Certificate
    key_name: str


def authority(
    key_name: str = "ca 3",
    *,
    organization: str = "JPKI-LIKE",
    start: datetime = CA_START,
    end: datetime = CA_END,
    extensions: Extensions = (*CA_BASIC, *CA_USAGE),
    bits: int = 2048,
    serial: int = 0x67C6A21,
) -> Authority:
    """A self-signed CA; each generation has the same name and another key."""
    name = name_of(organization)
    builder = x509.CertificateBuilder(name, name, key(key_name, bits).public_key(), serial, start, end)
    builder = _with(builder, [*extensions, (points(name), False)])
    return Authority(builder.sign(key(key_name, bits), hashes.SHA256()), key_name)


def holder(
    issuer: Authority,
    key_name: str = "holder",
    *,
    start: datetime = START,
    end: datetime = END,
    extensions: Extensions = DOCUMENT,
    names_issuer: x509.Name | None = None,
    subject: x509.Name | None = None,
    bits: int = 2048,
    serial: int = 0x705D990,
) -> x509.Certificate:
    """A holder's certificate, with the extensions that JPKI's have and *extensions*."""
    subject = subject or x509.Name(
        [
            x509.NameAttribute(NameOID.COUNTRY_NAME, "JP"),
            x509.NameAttribute(NameOID.COMMON_NAME, "20260101MADEUP0000000A"),
        ]
    )
    issuer_name = names_issuer or issuer.certificate.subject
    public_key = key(key_name, bits).public_key()
    builder = x509.CertificateBuilder(issuer_name, subject, public_key, serial, start, end)
    qualified = x509.PolicyInformation(POLICY, ["http://made-up.invalid/cps.html"])
    name = x509.OtherName(OTHER_NAME, b"\x0c\x06" + "見本".encode())
    usual: Extensions = [
        (x509.CertificatePolicies([qualified]), True),
        (x509.SubjectAlternativeName([name]), False),
        (x509.IssuerAlternativeName([x509.DirectoryName(issuer_name)]), False),
        (points(issuer_name), False),
        (x509.SubjectKeyIdentifier.from_public_key(public_key), False),
    ]
    signing_key = key(issuer.key_name)
    return _with(builder, [*usual, *extensions]).sign(signing_key, hashes.SHA256())


def der(certificate: x509.Certificate) -> bytes:
    return certificate.public_bytes(Encoding.DER)


def pem(certificate: x509.Certificate) -> bytes:
    return certificate.public_bytes(Encoding.PEM)


def _with(builder: x509.CertificateBuilder, extensions: Extensions) -> x509.CertificateBuilder:
    for extension, critical in extensions:
        builder = builder.add_extension(extension, critical=critical)
    return builder
