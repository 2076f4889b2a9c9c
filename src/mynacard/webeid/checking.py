"""The portal's side of a log-in: is this token an answer to my challenge, and its certificate good?"""

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
    """The certificate in the token *text*, and what is to be said of it and of the signature; bad ones raise nothing.

    What is left to the portal: that it gave out *nonce*, to this session, not long ago, and takes it once.

    Args:
        text: the token, as the page sent it.
        origin: the portal's own.
        nonce: the portal's own.
        anchors: the CA certificates that the portal trusts.
        at: now, aware of its zone.
        evidence: what the portal knows of revoked certificates.

    Raises:
        ProtocolError: it is no token of ``web-eid:1.0``.
        CertificateFileError: it holds no certificate, or a signature of another length than its key gives.
        UnsupportedAlgorithmError: it is not signed by RS256 with an RSA key of 2048 to 8192 bits.
        UsageError: *origin* or *nonce* is none, or *at* has no time zone.
    """
    token = parse(text)
    certificate = load_certificate(token.certificate_der)
    signature = verify_signature(token, origin, nonce)
    report = check(certificate, anchors, at=at, purpose=Purpose.AUTHENTICATION, signature=signature, evidence=evidence)
    return certificate, report
