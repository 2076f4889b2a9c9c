"""Certificates that a caller holds already: which of them can stand in for what the card would answer.

A signature shows whose key a certificate holds, and nothing else about it. Damage elsewhere (in a name, a date, the
CA's signature) leaves a certificate that looks whole; only the key of its CA tells, or the bytes of the card, whose
reading is what a held certificate saves.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from contextlib import suppress

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import rsa

from mynacard import errors
from mynacard.arguments import check_type
from mynacard.certificates import UNREADABLE, read_whole
from mynacard.jpki.layout import KeyPair, check_pair
from mynacard.texts import N_

__all__ = ["key_in", "undamaged", "usable"]


def undamaged(certificates: Mapping[KeyPair, bytes], issuers: Iterable[x509.Certificate]) -> dict[KeyPair, bytes]:
    """Those of *certificates*, DER, that one of *issuers* signed: not a bit of these was changed since.

    For :class:`mynacard.jpki.JpkiSession`, which reads the others from the card. Where *issuers* come from does not
    matter: the card's own copy of its CA's certificate will do.

    Raises:
        UsageError: as :func:`usable`, or an issuer is not a certificate of ``cryptography``.

    Source: RFC 5280 §4.1.1.3.
    """
    authorities = tuple(issuers)
    for authority in authorities:
        check_type(authority, x509.Certificate, wanted="cryptography.x509.Certificate")
    return {pair: der for pair, der in usable(certificates).items() if any(_signed(der, ca) for ca in authorities)}


def usable(certificates: Mapping[KeyPair, bytes]) -> dict[KeyPair, bytes]:
    """Those of *certificates* that can be read to their end and hold a key of the right kind.

    Raises:
        UsageError: one is not ``bytes``, or not for a key pair of this application.
    """
    for pair, der in certificates.items():
        check_pair(pair)
        check_type(der, bytes)
    return {pair: der for pair, der in certificates.items() if _is_usable(der, pair)}


def key_in(certificate_der: bytes, pair: KeyPair) -> rsa.RSAPublicKey:
    """The public key in the pair's certificate.

    Raises:
        CardDataError: the certificate is damaged, or does not hold an RSA key of 2048 bits.
    """
    try:
        key = x509.load_der_x509_certificate(certificate_der).public_key()
    except UNREADABLE:
        raise errors.CardDataError(
            N_("The {certificate} certificate on the card is damaged."), certificate=pair.name
        ) from None
    if not isinstance(key, rsa.RSAPublicKey) or key.key_size != 8 * pair.signature_length:
        raise errors.CardDataError(
            N_("The {certificate} certificate does not hold an RSA key of 2048 bits."), certificate=pair.name
        )
    return key


def _is_usable(certificate_der: bytes, pair: KeyPair) -> bool:
    with suppress(errors.CardDataError, *UNREADABLE):
        key_in(certificate_der, pair)
        read_whole(x509.load_der_x509_certificate(certificate_der))
        return True
    return False


def _signed(certificate_der: bytes, issuer: x509.Certificate) -> bool:
    with suppress(InvalidSignature, *UNREADABLE):
        x509.load_der_x509_certificate(certificate_der).verify_directly_issued_by(issuer)
        return True
    return False
