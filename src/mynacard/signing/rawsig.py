"""A bare signature: the 256 bytes that the card returns. They do not say who made them, when, or with which hash.

Of bytes that have the form of a CMS signature's signed attributes it is never good: it may be the value of that CMS
signature, made for another file (:mod:`mynacard.meaning`).
"""

from __future__ import annotations

from cryptography import x509

from mynacard.arguments import check_member, check_type
from mynacard.hashes import HashAlgorithm
from mynacard.signing.content import Content
from mynacard.texts import N_
from mynacard.trust import primitive
from mynacard.verdict import Step, bad, good

__all__ = ["verify"]


def verify(
    signature: bytes, certificate: x509.Certificate, content: Content, hash_: HashAlgorithm = HashAlgorithm.SHA256
) -> Step:
    """Whether the key of *certificate* signed the content. The certificate itself is not checked.

    Args:
        signature: the signature, as long as the key.
        certificate: the signer's.
        content: the content (:func:`mynacard.signing.content.of_bytes`, ``of_file``).
        hash_: the hash function that was used; the signature does not name it.

    Raises:
        CertificateFileError: the signature does not have the length that the key gives.
        UnsupportedAlgorithmError: the certificate does not hold an RSA key of 2048 to 8192 bits.
        UsageError: *content* has a digest of the wrong length.
    """
    check_type(signature, bytes)
    check_member(hash_, HashAlgorithm)
    hashed = content.hashed(hash_)
    if hashed.are_signed_attributes:
        return bad(
            "signature/two-meanings",
            N_("The file has the form of the signed attributes of a CMS signature: another file may have been signed."),
        )
    if primitive.signed(certificate, signature, hashed.digest, hash_):
        return good("signature/good", N_("The file is unchanged since it was signed with the key of this certificate."))
    return bad("signature/changed", N_("The signature is not that of this file under this certificate."))
