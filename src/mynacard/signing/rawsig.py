"""A bare signature: the 256 bytes that the card returns, and nothing about who made them, when, or with which hash."""

from __future__ import annotations

from cryptography import x509

from mynacard.hashes import HashAlgorithm
from mynacard.signing.content import DigestOf
from mynacard.texts import N_
from mynacard.trust import primitive
from mynacard.verdict import Step, bad, good

__all__ = ["verify"]


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
    if primitive.signed(certificate, signature, digest_of(hash_), hash_):
        return good(N_("The file is as it was signed, with the key of this certificate."))
    return bad(N_("The signature is not that of this file under this certificate."))
