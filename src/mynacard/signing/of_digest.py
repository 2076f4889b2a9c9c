"""The CMS signature of content of which only the digest is at hand, to the byte as for the content itself.

Source: RFC 5652 §5.3, §5.4, §11; RFC 3370 §3.2.
"""

from __future__ import annotations

from datetime import UTC, datetime

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.serialization import Encoding

from mynacard.hashes import HashAlgorithm
from mynacard.signing import plain_cms
from mynacard.trust import primitive

__all__ = ["signed_data"]


def signed_data(digest: bytes, certificate: x509.Certificate, key: RSAPrivateKey, hash_: HashAlgorithm) -> bytes:
    """The detached signature, in DER, with one call of ``key.sign``, whose exceptions pass through."""
    attributes = plain_cms.signed_attributes(digest, hash_, datetime.now(UTC))
    value = key.sign(attributes, PKCS1v15(), primitive.HASHES[hash_])
    return plain_cms.written(certificate.public_bytes(Encoding.DER), hash_, attributes, value)
