"""A document signed by a card's session, under the certificate of the key that signs."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey

from mynacard.jpki import DIGITAL_SIGNATURE, JpkiSession
from mynacard.jpki.session import again_if_held
from mynacard.trust import load_certificate

__all__ = ["signed"]

T = TypeVar("T")


def signed(session: JpkiSession, make: Callable[[x509.Certificate, RSAPrivateKey], T]) -> T:
    """What *make* returns, called with the signing certificate and its key, whose password *session* has verified.

    It is called a second time if the certificate that *session* was given is not that of the card's key: what *make*
    signs may name the certificate, so a new signature of the old attributes would not do.

    Raises:
        CardError, ReaderError, SignatureMismatchError: as :meth:`mynacard.jpki.JpkiSession.sign`.
        CertificateFileError: what the card holds is not a certificate.

    Exceptions of *make* pass through.
    """
    return again_if_held(
        lambda: make(load_certificate(session.certificate_der(DIGITAL_SIGNATURE)), session.private_key())
    )
