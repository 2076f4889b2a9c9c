"""The portal's side of a log-in: does this token answer my challenge, and is its certificate good?"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import datetime

from cryptography import x509

from mynacard.trust import Anchor, Purpose, Report, check, load_certificate
from mynacard.trust.evidence_source import Evidence, evidence_of
from mynacard.trust.revocation import NO_EVIDENCE
from mynacard.verdict import Step
from mynacard.webeid.token import parse, verify_signature

__all__ = ["answer", "report", "validate"]


def validate(
    text: str,
    origin: str,
    nonce: str,
    anchors: Iterable[Anchor],
    *,
    at: datetime,
    evidence: Evidence = NO_EVIDENCE,
    accept_unchecked: Collection[str] = (),
) -> x509.Certificate:
    """The certificate of the person who logs in with the token *text*, which is good.

    The portal itself must check that it issued *nonce* to this session, and not long ago, and must accept it only once:
    :class:`mynacard.webeid.Login` does.

    Args:
        text: the token, as the page sent it.
        origin: the portal's own.
        nonce: the portal's own.
        anchors: the CA certificates that the portal trusts.
        at: now, with a time zone.
        evidence: the portal's data on revoked certificates, or what returns them, such as an
            :class:`~mynacard.trust.EvidenceSource`; in an event loop, what its ``current`` returns.
        accept_unchecked: ``"revocation"`` for a portal that has no such data; nothing else can be left unchecked.

    Raises:
        SignatureNotAccepted: the token does not answer this challenge, or its certificate is bad or was not fully
            checked; it carries all steps.
        ProtocolError: *text* is not a token of ``web-eid:1.0``.
        CertificateFileError: the token holds no certificate, or its signature does not have the length that the key
            gives; or as :func:`~mynacard.trust.revocation.revocation` raises it.
        UnsupportedAlgorithmError: the token is not signed by RS256 with an RSA key of 2048 to 8192 bits.
        UsageError: *origin* is not an origin, *nonce* is not a nonce, *at* has no time zone, or *accept_unchecked*
            names something else; or *evidence* is or returns something else.
        MissingExtraError: there is *evidence*, and pyHanko is not installed.

    Exceptions of a source of *evidence* pass through.
    """
    certificate, steps = report(text, origin, nonce, anchors, at=at, evidence=evidence)
    steps.require(accept_unchecked)
    return certificate


def report(
    text: str,
    origin: str,
    nonce: str,
    anchors: Iterable[Anchor],
    *,
    at: datetime,
    evidence: Evidence = NO_EVIDENCE,
) -> tuple[x509.Certificate, Report]:
    """The certificate in the token *text*, and the report on it and on the signature: **also if they are bad**.

    For portals that show or store the reasons. Arguments and errors are those of :func:`validate`, without
    SignatureNotAccepted.
    """
    certificate, signature = answer(text, origin, nonce)
    purpose = Purpose.AUTHENTICATION
    return certificate, check(
        certificate, anchors, at=at, now=at, purpose=purpose, signature=signature, evidence=evidence_of(evidence)
    )


def answer(text: str, origin: str, nonce: str) -> tuple[x509.Certificate, Step]:
    """The certificate in the token *text*, which is not checked, and whether its key answered the challenge.

    Errors are those of :func:`report`.
    """
    token = parse(text)
    return load_certificate(token.certificate_der), verify_signature(token, origin, nonce)
