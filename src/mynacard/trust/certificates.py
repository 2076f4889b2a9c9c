"""Certificates parsed from bytes of any origin."""

from __future__ import annotations

import copyreg
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.asymmetric.types import CertificatePublicKeyTypes
from cryptography.hazmat.primitives.serialization import Encoding

from mynacard.arguments import check_type
from mynacard.certificates import UNREADABLE, read_whole
from mynacard.errors import CertificateFileError, UnsupportedAlgorithmError
from mynacard.texts import N_, printable, unmarked

__all__ = ["CERTIFICATE_MAX", "load", "name_text", "rsa_public_key"]

CERTIFICATE_MAX: Final = 0x1_0000
"""The most bytes of a certificate; the longest JPKI certificate seen has 1583."""

KEY_BITS: Final = range(2048, 8192 + 1)
"""Sizes of RSA keys; others are too weak, or made to keep a verifier busy."""

NAME_MAX: Final = 300
"""The most characters shown of a name; JPKI's have about half of that."""

_PEM: Final = b"-----BEGIN CERTIFICATE-----"


def load(data: bytes, *, whole: bool = True) -> x509.Certificate:
    """The one certificate in *data*, PEM or DER.

    Damaged parts raise here, not at their first use, which is when ``cryptography`` would parse them.

    Args:
        data: the certificate, and nothing else.
        whole: False to read only the outer form, for a program that wants the key and nothing else: it takes a fraction
            of the time, and damaged parts raise at their first use. Checks of the certificate want it whole.

    Raises:
        CertificateFileError: *data* is not a certificate, holds more than one, is damaged, or is too long.
    """
    check_type(data, bytes)
    if len(data) > CERTIFICATE_MAX:
        raise CertificateFileError(
            N_("This is not a certificate: it is longer than {most} bytes."), most=CERTIFICATE_MAX
        )
    data = unmarked(data)
    count = data.count(_PEM)
    if count > 1:
        raise CertificateFileError(N_("One certificate is wanted here; there are {count}."), count=count)
    try:
        certificate = x509.load_pem_x509_certificate(data) if count else x509.load_der_x509_certificate(data)
        if whole:
            read_whole(certificate)
    except UNREADABLE:
        raise CertificateFileError(N_("This is not a certificate in PEM or DER, or it is damaged.")) from None
    return certificate


def _from_der(der: bytes) -> x509.Certificate:
    return x509.load_der_x509_certificate(der)


# cryptography's certificates refuse to be pickled; anchors, judgements and parsed signatures hold some.
copyreg.pickle(x509.Certificate, lambda certificate: (_from_der, (certificate.public_bytes(Encoding.DER),)))


def name_text(name: x509.Name) -> str:
    """*name* on one line (RFC 4514), safe to print: characters that move the cursor or reverse the text are escaped."""
    return printable(name.rfc4514_string())[:NAME_MAX]


def rsa_public_key(certificate: x509.Certificate) -> rsa.RSAPublicKey:
    """The RSA key that *certificate* certifies.

    Raises:
        UnsupportedAlgorithmError: it is another kind of key, or has fewer than 2048 or more than 8192 bits.
    """
    check_type(certificate, x509.Certificate, wanted="cryptography.x509.Certificate")
    key = _public_key(certificate)
    if not isinstance(key, rsa.RSAPublicKey) or key.key_size not in KEY_BITS:
        raise UnsupportedAlgorithmError(N_("The certificate does not hold an RSA key of 2048 to 8192 bits."))
    return key


def _public_key(certificate: x509.Certificate) -> CertificatePublicKeyTypes | None:
    try:
        return certificate.public_key()
    except UNREADABLE:  # a kind of key that cryptography does not know
        return None
