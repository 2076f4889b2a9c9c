"""The test PKI of residence cards: a CA of each generation, and a signer under it. Keys and times are passed in.

The form of a real signer's certificate is not published. Here it is as short as its file requires, and as strict as
possible. Every name has ``O=JPKI-SIM``, so that none can be taken for the agency's.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import NameOID

from mynacard.residence.anchors import SIMULATED_ORGANIZATION

__all__ = ["COMMON_NAMES", "PrivateKey", "PublicKey", "ca_certificate", "signer_certificate"]

PrivateKey = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey
PublicKey = rsa.RSAPublicKey | ec.EllipticCurvePublicKey

COMMON_NAMES: Final = {1: "Simulated ZairyuCard CA", 2: "Simulated ZairyuCard CA2"}
"""The CAs' names, by generation; the untrusted CA has the same name, as the agency's own CAs share one."""
CA_YEARS: Final = 30
_YEAR: Final = timedelta(days=365)


def ca_certificate(generation: int, key: PrivateKey, serial: int, start: datetime) -> x509.Certificate:
    """The self-signed certificate of a CA, valid for thirty years."""
    name = _name(COMMON_NAMES[generation])
    builder = _begin(name, name, key.public_key(), serial, start, start + CA_YEARS * _YEAR)
    builder = builder.add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
    builder = builder.add_extension(_usage(signs_certificates=True), critical=True)
    return builder.sign(key, hashes.SHA256())


def signer_certificate(
    issuer: x509.Certificate, issuer_key: PrivateKey, key: PublicKey, serial: int, start: datetime, end: datetime
) -> x509.Certificate:
    """The certificate of a signer of cards, valid from *start* to *end*."""
    builder = _begin(_name("Signer"), issuer.subject, key, serial, start, end)
    builder = builder.add_extension(_usage(signs_certificates=False), critical=True)
    identifier = x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer_key.public_key())
    return builder.add_extension(identifier, critical=False).sign(issuer_key, hashes.SHA256())


def _begin(
    subject: x509.Name, issuer: x509.Name, key: PublicKey, serial: int, start: datetime, end: datetime
) -> x509.CertificateBuilder:
    return x509.CertificateBuilder(
        issuer, subject, key, serial, start.replace(microsecond=0), end.replace(microsecond=0)
    )


def _name(common_name: str) -> x509.Name:
    attributes = [
        (NameOID.COUNTRY_NAME, "JP"),
        (NameOID.ORGANIZATION_NAME, SIMULATED_ORGANIZATION),
        (NameOID.COMMON_NAME, common_name),
    ]
    return x509.Name([x509.NameAttribute(oid, value) for oid, value in attributes])


def _usage(*, signs_certificates: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not signs_certificates,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=signs_certificates,
        crl_sign=signs_certificates,
        encipher_only=False,
        decipher_only=False,
    )
