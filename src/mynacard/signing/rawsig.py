"""A bare signature: the 256 bytes that the card returns. They do not say who made them, when, or with which hash."""

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
    """Whether the key of *certificate* signed the content. The certificate itself is not checked.

    Args:
        signature: the signature, as long as the key.
        certificate: the signer's.
        digest_of: the content.
        hash_: the hash function that was used; the signature does not name it.

    Raises:
        CertificateFileError: the signature does not have the length that the key gives.
        UnsupportedAlgorithmError: the certificate does not hold an RSA key of 2048 to 8192 bits.
        UsageError: *digest_of* returned a digest of the wrong length.
    """
    if primitive.signed(certificate, signature, digest_of(hash_), hash_):
        return good("signature/good", N_("The file is unchanged since it was signed with the key of this certificate."))
    return bad("signature/changed", N_("The signature is not that of this file under this certificate."))
