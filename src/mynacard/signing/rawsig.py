"""A bare signature: the 256 bytes that the card returns, and nothing about who made them, when, or with which hash.

Source: RFC 8017 §8.2 (RSASSA-PKCS1-v1_5).
"""

from __future__ import annotations

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed

from mynacard.errors import CertificateFileError, UsageError, mark
from mynacard.jpki.hashes import HashAlgorithm
from mynacard.signing.content import DigestOf
from mynacard.trust.certificates import rsa_public_key
from mynacard.trust.verdict import Step, bad, good

__all__ = ["HASHES", "verify"]

HASHES: dict[HashAlgorithm, hashes.SHA256 | hashes.SHA384 | hashes.SHA512] = {
    HashAlgorithm.SHA256: hashes.SHA256(),
    HashAlgorithm.SHA384: hashes.SHA384(),
    HashAlgorithm.SHA512: hashes.SHA512(),
}
"""The hash functions as ``cryptography`` names them."""


def verify(
    signature: bytes, certificate: x509.Certificate, digest_of: DigestOf, hash_: HashAlgorithm = HashAlgorithm.SHA256
) -> Step:
    """Whether the key of *certificate* signed the content. Whether the certificate is good is another question.

    Args:
        signature: as long as the key.
        certificate: of the signer.
        digest_of: the content.
        hash_: with which it was signed; the signature does not say.

    Raises:
        CertificateFileError: the signature has another length than the key gives it.
        UnsupportedAlgorithmError: the certificate holds no RSA key of 2048 to 8192 bits.
        UsageError: *digest_of* returned something else than such a digest.
    """
    key = rsa_public_key(certificate)
    wanted = (key.key_size + 7) // 8
    if len(signature) != wanted:
        raise CertificateFileError(
            mark("This is no bare signature under that certificate: it has {length} bytes, not {wanted}."),
            length=len(signature),
            wanted=wanted,
        )
    digest = digest_of(hash_)
    if len(digest) != hash_.digest_size:
        raise UsageError(mark("A digest of {hash} has another length."), hash=hash_.value)
    try:
        key.verify(signature, digest, PKCS1v15(), Prehashed(HASHES[hash_]))
    except (InvalidSignature, ValueError):
        return bad(mark("The signature is not that of this file under this certificate."))
    return good(mark("The file is as it was signed, with the key of this certificate."))
