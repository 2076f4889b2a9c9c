"""The portal's side of a log-in: does this token answer my challenge, and is its certificate good?"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from cryptography import x509

from mynacard.trust import Anchor, Purpose, Report, RevocationEvidence, check, load_certificate
from mynacard.trust.revocation import NO_EVIDENCE
from mynacard.webeid.token import parse, verify_signature

__all__ = ["validate"]


def validate(
    text: str,
    origin: str,
    nonce: str,
    anchors: Iterable[Anchor],
    *,
    at: datetime,
    evidence: RevocationEvidence = NO_EVIDENCE,
) -> tuple[x509.Certificate, Report]:
    """The certificate in the token *text*, and the report on it and on the signature. A bad one raises nothing.

    The portal itself must check that it issued *nonce* to this session, and not long ago, and must accept it only once.

    Args:
        text: the token, as the page sent it.
        origin: the portal's own.
        nonce: the portal's own.
        anchors: the CA certificates that the portal trusts.
        at: now, with a time zone.
        evidence: the portal's data on revoked certificates.

    Raises:
        ProtocolError: *text* is not a token of ``web-eid:1.0``.
        CertificateFileError: the token holds no certificate, or its signature does not have the length that the key
            gives; or as :func:`~mynacard.trust.revocation.revocation` raises it.
        UnsupportedAlgorithmError: the token is not signed by RS256 with an RSA key of 2048 to 8192 bits.
        UsageError: *origin* is not an origin, *nonce* is not a nonce, or *at* has no time zone.
        MissingExtraError: there is *evidence*, and pyHanko is not installed.
    """
    token = parse(text)
    certificate = load_certificate(token.certificate_der)
    signature = verify_signature(token, origin, nonce)
    report = check(certificate, anchors, at=at, purpose=Purpose.AUTHENTICATION, signature=signature, evidence=evidence)
    return certificate, report
