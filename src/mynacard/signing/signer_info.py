"""The fields of a SignerInfo: its algorithms, and its signed attributes, which may name certificate and algorithms.

Source: RFC 5652 §5.3, §5.4, §11; RFC 3370 §3.2 and RFC 5754 §3.2 (RSA with SHA-2); RFC 5035 §4 (signing-certificate-v2)
and RFC 2634 §5.4 (its forerunner); RFC 6211 §2, §3 (cms-algorithm-protection).
"""

from __future__ import annotations

import hashlib
from typing import Any, Final

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from mynacard.errors import CertificateFileError, UnsupportedAlgorithmError
from mynacard.hashes import HashAlgorithm
from mynacard.signing import der
from mynacard.texts import N_

__all__ = [
    "check_signature_algorithm",
    "check_whole",
    "hash_of",
    "names_algorithms",
    "names_certificate",
    "names_certificate_v1",
    "only",
    "signed_attributes",
]

_SIGNATURE_ALGORITHMS: Final[dict[str, tuple[HashAlgorithm, ...]]] = {
    "rsassa_pkcs1v15": tuple(HashAlgorithm),  # the bare rsaEncryption: the hash is the digest algorithm's
    "sha256_rsa": (HashAlgorithm.SHA256,),
    "sha384_rsa": (HashAlgorithm.SHA384,),
    "sha512_rsa": (HashAlgorithm.SHA512,),
}


def check_whole(*sequences: Any) -> None:
    """The known fields must be all that *sequences* hold: asn1crypto ignores what follows them in some."""
    for sequence in sequences:
        if b"".join(sequence[name].dump() for name in sequence) != sequence.contents:
            raise CertificateFileError(N_("This signature file holds more than a signature does."))


def hash_of(algorithm: Any) -> HashAlgorithm:
    """The hash function that *algorithm* names.

    Raises:
        UnsupportedAlgorithmError: it is not SHA-256, SHA-384 or SHA-512.
    """
    check_whole(algorithm)
    name = str(algorithm["algorithm"].native)
    if name not in {hash_.value for hash_ in HashAlgorithm} or not _plain(algorithm):
        raise UnsupportedAlgorithmError(
            N_("The signature is made with {algorithm}, which is not supported."), algorithm=ascii(name)
        )
    return HashAlgorithm(name)


def check_signature_algorithm(algorithm: Any, hash_: HashAlgorithm) -> None:
    """Check that *algorithm* is RSA (PKCS #1 v1.5), by its bare name or together with *hash_*.

    Raises:
        UnsupportedAlgorithmError: it is not.
    """
    check_whole(algorithm)
    name = str(algorithm["algorithm"].native)
    if hash_ not in _SIGNATURE_ALGORITHMS.get(name, ()) or not _plain(algorithm):
        raise UnsupportedAlgorithmError(
            N_("The signature is made with {algorithm} over {hash}, which is not supported."),
            algorithm=ascii(name),
            hash=hash_.value,
        )


def _plain(algorithm: Any) -> bool:
    """Whether the parameters are NULL or absent: these algorithms occur with both."""
    return algorithm["parameters"].dump() in (b"\x05\x00", b"")


def signed_attributes(attributes: Any) -> tuple[dict[str, Any], bytes]:
    """The attributes by name, and the signed bytes: their DER as a SET OF, not with the file's tag (RFC 5652 §5.4)."""
    if not len(attributes):
        raise CertificateFileError(N_("This signature has no signed attributes."))
    encoded = [attribute.dump() for attribute in attributes]
    if encoded != sorted(encoded):
        raise CertificateFileError(N_("This signature's attributes are out of order."))
    by_name = {str(attribute["type"].native): attribute["values"] for attribute in attributes}
    if len(by_name) != len(encoded):
        raise CertificateFileError(N_("This signature has an attribute twice."))
    return by_name, bytes((der.SET,)) + attributes.dump()[1:]


def only(attributes: dict[str, Any], name: str) -> Any:
    """The one value of an attribute that must be there."""
    values = attributes.get(name, ())
    if len(values) != 1:
        raise CertificateFileError(
            N_("This signature lacks an attribute, or the attribute does not have exactly one value.")
        )
    return values[0]


def names_certificate(attributes: dict[str, Any], certificate: x509.Certificate) -> bool | None:
    """Whether signing-certificate-v2 (RFC 5035 §4) names *certificate* first; None where there is no such attribute."""
    if "signing_certificate_v2" not in attributes:
        return None
    named = _first_named(attributes, "signing_certificate_v2")
    algorithm, *rest = (named[field].dump() for field in named)
    if named.contents not in {b"".join(rest), b"".join((algorithm, *rest))}:  # SHA-256, the default, is omitted
        raise CertificateFileError(N_("This signature file holds more than a signature does."))
    hash_ = hash_of(named["hash_algorithm"])
    return bool(named["cert_hash"].native == hash_.digest(certificate.public_bytes(Encoding.DER)))


def names_certificate_v1(attributes: dict[str, Any], certificate: x509.Certificate) -> bool | None:
    """Whether signing-certificate (RFC 2634 §5.4) names *certificate* first; None where there is no such attribute."""
    if "signing_certificate" not in attributes:
        return None
    named = _first_named(attributes, "signing_certificate")
    check_whole(named)
    digest = hashlib.sha1(certificate.public_bytes(Encoding.DER), usedforsecurity=False).digest()
    return bool(named["cert_hash"].native == digest)


def _first_named(attributes: dict[str, Any], name: str) -> Any:
    named = list(only(attributes, name)["certs"])
    if not named:
        raise CertificateFileError(
            N_("This signature lacks an attribute, or the attribute does not have exactly one value.")
        )
    return named[0]


def names_algorithms(attributes: dict[str, Any], signer: Any) -> bool | None:
    """Whether cms-algorithm-protection (RFC 6211) has the algorithms of *signer*, and only once; None without it."""
    if "cms_algorithm_protection" not in attributes:
        return None
    values = list(attributes["cms_algorithm_protection"])
    if len(values) != 1 or "mac_algorithm" in _present(values[0]) or "signature_algorithm" not in _present(values[0]):
        return False
    check_whole(values[0])
    return all(
        _plain(values[0][name]) and values[0][name]["algorithm"].native == signer[name]["algorithm"].native
        for name in ("digest_algorithm", "signature_algorithm")
    )


def _present(sequence: Any) -> set[str]:
    return {str(name) for name in sequence if sequence[name].native is not None}
