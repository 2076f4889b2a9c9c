"""Did this key sign this digest? The one place that checks, for every format.

Source: RFC 8017 §8.2.2 (RSASSA-PKCS1-v1_5).
"""

from __future__ import annotations

from typing import Final

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed

from mynacard.errors import CertificateFileError, UsageError
from mynacard.hashes import HashAlgorithm
from mynacard.texts import N_
from mynacard.trust.certificates import rsa_public_key

__all__ = ["HASHES", "signed", "signed_by"]

HASHES: Final[dict[HashAlgorithm, hashes.SHA256 | hashes.SHA384 | hashes.SHA512]] = {
    HashAlgorithm.SHA256: hashes.SHA256(),
    HashAlgorithm.SHA384: hashes.SHA384(),
    HashAlgorithm.SHA512: hashes.SHA512(),
}
"""The hash functions as ``cryptography`` has them."""


def signed(certificate: x509.Certificate, signature: bytes, digest: bytes, hash_: HashAlgorithm) -> bool:
    """Whether the key of *certificate* made *signature* over *digest*.

    Raises:
        CertificateFileError: the signature has another length than the key gives it.
        UnsupportedAlgorithmError: the certificate does not hold an RSA key of 2048 to 8192 bits.
        UsageError: *digest* has another length than *hash_* gives it.
    """
    return signed_by(rsa_public_key(certificate), signature, digest, hash_)


def signed_by(key: rsa.RSAPublicKey, signature: bytes, digest: bytes, hash_: HashAlgorithm) -> bool:
    """Whether *key*, of any size, made *signature* over *digest*.

    Raises:
        CertificateFileError: the signature has another length than the key gives it.
        UsageError: *digest* has another length than *hash_* gives it.
    """
    wanted = (key.key_size + 7) // 8
    if len(signature) != wanted:
        raise CertificateFileError(
            N_("This is not a signature under that certificate: it has {length} bytes, not {wanted}."),
            length=len(signature),
            wanted=wanted,
        )
    if len(digest) != hash_.digest_size:
        raise UsageError(N_("A digest of {hash} has another length."), hash=hash_.value)
    try:
        key.verify(signature, digest, PKCS1v15(), Prehashed(HASHES[hash_]))
    except (InvalidSignature, ValueError):
        return False
    return True
