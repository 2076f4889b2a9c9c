"""Certificates of the signers of residence cards: as stored, and as parsed.

The second generation's are said to carry a NULL where ECDSA has no parameters (RFC 5758 §3.2), which `cryptography`
refuses; this is eringoio/zairyu-card-reader's report, and no card was seen here. Such a certificate is parsed without
the NULL; its fingerprint and signature are those of the stored bytes.
"""

from __future__ import annotations

import base64
from dataclasses import field
from typing import Final

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.asymmetric.types import CertificatePublicKeyTypes

from mynacard._dataclasses import dataclass
from mynacard.apdu import tlv
from mynacard.apdu.tlv import Tlv
from mynacard.arguments import check_type
from mynacard.certificates import UNREADABLE
from mynacard.errors import CertificateFileError, TlvError
from mynacard.texts import N_, unmarked

__all__ = ["CERTIFICATE_MAX", "Certificate"]

CERTIFICATE_MAX: Final = 0x4000
"""The longest certificate taken; those on cards have at most 1200 bytes."""
RSA_BITS: Final = range(2048, 8192 + 1)

_PEM: Final = b"-----BEGIN CERTIFICATE-----"
_HASHES: Final = frozenset({"sha256", "sha384", "sha512"})
_ECDSA: Final = bytes.fromhex("06082A8648CE3D0403")
_NULL: Final = b"\x05\x00"
_SEQUENCE: Final = 0x30


@dataclass(frozen=True, slots=True)
class Certificate:
    """A certificate.

    Attributes:
        der: the stored bytes.
        parsed: the certificate in them.
    """

    der: bytes = field(repr=False)
    parsed: x509.Certificate

    @classmethod
    def load(cls, data: bytes) -> Certificate:
        """The certificate in *data*, PEM or DER.

        Raises:
            CertificateFileError: this is not a certificate, it is damaged, or there is more than one.
        """
        check_type(data, bytes)
        data = unmarked(data)
        if len(data) > CERTIFICATE_MAX or data.count(_PEM) > 1:
            raise CertificateFileError(N_("Give one certificate, of at most {most} bytes."), most=CERTIFICATE_MAX)
        try:
            der = _from_pem(data) if _PEM in data else data
            parsed = _parsed(der)
        except UNREADABLE:
            raise CertificateFileError(N_("This is not a certificate in PEM or DER, or it is damaged.")) from None
        return cls(der, parsed)

    @property
    def public_key(self) -> CertificatePublicKeyTypes | None:
        """The certified key; None for an unknown kind of key."""
        try:
            return self.parsed.public_key()
        except UNREADABLE:
            return None

    @property
    def sha256(self) -> bytes:
        """The fingerprint."""
        digest = hashes.Hash(hashes.SHA256())
        digest.update(self.der)
        return digest.finalize()

    @property
    def is_ca(self) -> bool:
        """Whether it says that it is a CA certificate."""
        try:
            return self.parsed.extensions.get_extension_for_class(x509.BasicConstraints).value.ca
        except x509.ExtensionNotFound:
            return False

    @property
    def usage(self) -> x509.KeyUsage | None:
        """The purposes of its key; None where it does not say."""
        try:
            return self.parsed.extensions.get_extension_for_class(x509.KeyUsage).value
        except x509.ExtensionNotFound:
            return None

    def issued_by(self, authority: Certificate) -> bool:
        """Whether *authority*'s key signed this one, by an algorithm that proves something, and the names agree."""
        algorithm = self.parsed.signature_hash_algorithm
        if self.parsed.issuer != authority.parsed.subject or algorithm is None or algorithm.name not in _HASHES:
            return False
        signed, signature, key = _outer(self.der)[0], self.parsed.signature, authority.public_key
        try:
            match key:
                case rsa.RSAPublicKey() if key.key_size in RSA_BITS:
                    key.verify(signature, signed, padding.PKCS1v15(), algorithm)
                case ec.EllipticCurvePublicKey():
                    key.verify(signature, signed, ec.ECDSA(algorithm))
                case _:
                    return False
        except (InvalidSignature, ValueError):
            return False
        return True


def _from_pem(data: bytes) -> bytes:
    """The DER in *data* (RFC 7468 §5). A ValueError where there is none."""
    _, _, rest = data.partition(_PEM)
    text, end, _ = rest.partition(b"-----END CERTIFICATE-----")
    if not end:
        raise ValueError
    return base64.b64decode(b"".join(text.split()), validate=True)


def _parsed(der: bytes) -> x509.Certificate:
    """*der*, parsed. Errors inside show here and not at first use, which is when cryptography would look."""
    try:
        certificate = x509.load_der_x509_certificate(der)
    except ValueError:
        certificate = x509.load_der_x509_certificate(_without_null(der))
    _ = certificate.version, certificate.subject, certificate.issuer, certificate.extensions
    _ = certificate.signature_hash_algorithm, certificate.not_valid_before_utc, certificate.not_valid_after_utc
    return certificate


def _outer(der: bytes) -> tuple[bytes, bytes, bytes]:
    """The three parts of a certificate as stored; a ValueError where there are not three."""
    try:
        _, start, length = tlv.read_header(der, 0)
        ends = [start]
        while ends[-1] < start + length:
            ends.append(ends[-1] + tlv.outer_length(der[ends[-1] :]))
    except TlvError as error:
        raise ValueError from error
    if len(ends) != 4 or ends[-1] != len(der):
        raise ValueError
    return der[ends[0] : ends[1]], der[ends[1] : ends[2]], der[ends[2] :]


def _without_null(der: bytes) -> bytes:
    """*der* without the NULL of an ECDSA algorithm, in both places. Raises a ValueError where there is none."""
    signed, algorithm, signature = _outer(der)
    if _ECDSA not in algorithm or not algorithm.endswith(_NULL):
        raise ValueError
    other = bytes(Tlv(_SEQUENCE, tlv.parse(algorithm).value.removesuffix(_NULL)))
    _, start, _ = tlv.read_header(signed, 0)
    inside = signed[start:].replace(algorithm, other, 1)
    return bytes(Tlv(_SEQUENCE, bytes(Tlv(_SEQUENCE, inside)) + other + signature))
