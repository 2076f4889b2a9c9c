"""Certificates read to their end: ``cryptography`` parses many parts only at their first use, and raises there."""

from __future__ import annotations

import warnings
from typing import Final

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.serialization import Encoding

__all__ = ["UNREADABLE", "read_whole"]

# cryptography warns about what is odd in certificates, on standard error. Steps and errors say what matters here.
# A program's own filters come first.
warnings.filterwarnings(
    "ignore", category=UserWarning, module=r"(mynacard|pyhanko|pyhanko_certvalidator)\.", append=True
)

UNREADABLE: Final = (
    ValueError,
    TypeError,
    OverflowError,
    KeyError,  # from cryptography before 50, about a string of an unknown type in a name
    UnsupportedAlgorithm,
    x509.DuplicateExtension,
    x509.InvalidVersion,
    x509.UnsupportedGeneralNameType,
    Warning,  # from cryptography, about violations of RFC 5280, in programs that turn warnings into errors
)
"""Everything that cryptography raises for bytes that are not a certificate, or not of a kind that it knows."""


def read_whole(certificate: x509.Certificate) -> None:
    """Read the properties that are parsed lazily: each may raise what is in UNREADABLE."""
    _ = certificate.version, certificate.subject, certificate.issuer, certificate.extensions
    _ = certificate.not_valid_before_utc, certificate.not_valid_after_utc
    if certificate.serial_number <= 0:  # RFC 5280 §4.1.2.2
        raise ValueError
    if not certificate.public_bytes(Encoding.DER).endswith(b"\x00" + certificate.signature):
        raise ValueError  # unused bits in the signature: a second encoding of the same certificate
