"""Was this certificate revoked? Decided only by the data that the caller passes: nothing is fetched.

J-LIS gives its revocation data only to the verifiers named by law (公的個人認証法 §17). Such a verifier passes the list
(CRL) or the answer (OCSP) that it was given. The data count if the issuer's key or the issuer's delegate signed them,
if they are fresh at the time that matters, and if they are not dated in the future. Data that are missing, stale or
about other certificates leave the question open: that is *not checked*, and neither good nor bad. Data that say
*revoked* outweigh all others, even if they are stale: a revocation is final.

pyHanko's validator, of the extra ``pdf``, does the work, except for loaded lists in their usual form
(:mod:`mynacard.trust.plain_lists`). Source: RFC 5280 §5, §6.3; RFC 6960 §3.2, §4.2.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from functools import partial
from threading import Lock
from typing import Any, Final

from cryptography import x509

from mynacard.errors import UsageError
from mynacard.texts import N_
from mynacard.trust import asn1, coroutine, pyhanko
from mynacard.trust.evidence import EVIDENCE_MAX, NO_EVIDENCE, Datum, RevocationEvidence
from mynacard.trust.plain_lists import TOLERANCE
from mynacard.trust.revoked import FUTURE, NOT_GIVEN, NOT_REVOKED, SILENT, STALE, is_final, revoked, strongest
from mynacard.verdict import Step

__all__ = [
    "EVIDENCE_MAX",
    "NOT_GIVEN",
    "NO_EVIDENCE",
    "TOLERANCE",
    "WEAK_HASHES",
    "RevocationEvidence",
    "present",
    "revocation",
]

WEAK_HASHES: Final = frozenset({"md2", "md5", "sha1"})
"""Signatures with them, of lists, answers, certificates and time stamps, prove nothing."""
_ONE_AT_A_TIME: Final = Lock()
"""Threads may share loaded data, and asn1crypto's values change when they are first read."""


def revocation(
    certificate: x509.Certificate,
    issuer: x509.Certificate,
    evidence: RevocationEvidence,
    *,
    at: datetime,
    now: datetime | None = None,
    above: Sequence[x509.Certificate] = (),
) -> Step:
    """Whether *certificate* was revoked at the time *at*, according to *evidence*.

    Args:
        certificate: the certificate in question.
        issuer: the CA certificate whose key signed it; the caller trusts it, unless there are certificates *above* it.
        evidence: lists and answers; those about other certificates are ignored.
        at: the time that matters, with a time zone.
        now: the present time, with a time zone; None for this computer's clock. Evidence dated later is not used. It is
            not *at*: a list of today also says whether the certificate was already revoked last year.
        above: the certificates above *issuer*, beginning with the one that the caller trusts. JPKI has none.

    Raises:
        MissingExtraError: there is evidence, and pyHanko is not installed.
        CertificateFileError: a list or answer, which the message names by its number, is not one, is damaged, is a
            delta list, or is longer than :data:`EVIDENCE_MAX`.
        UsageError: *at* or *now* has no time zone.
    """
    if at.tzinfo is None:
        raise UsageError(N_("The time of the check needs a time zone."))
    now = present(now)
    if not evidence:
        return NOT_GIVEN
    step = None if above else evidence.decided(certificate, issuer, at, now + TOLERANCE)
    if step is None:
        past = [datum for datum in evidence.data() if datum.made - now <= TOLERANCE]
        with _ONE_AT_A_TIME:
            step = _judged(certificate, (*above, issuer), past, at)
    is_later = step is SILENT and any(datum.made - now > TOLERANCE for datum in evidence.data())
    return FUTURE if is_later else step


def present(now: datetime | None) -> datetime:
    """*now*, or the time of this computer's clock.

    Raises:
        UsageError: *now* has no time zone.
    """
    if now is not None and now.tzinfo is None:
        raise UsageError(N_("The present time needs a time zone."))
    return now or datetime.now(UTC)


def _judged(
    certificate: x509.Certificate, issuers: tuple[x509.Certificate, ...], data: list[Datum], at: datetime
) -> Step:
    """All lists together, since each may cover only some reasons; an answer that says revoked outweighs the others."""
    leaf, root, *between = map(asn1.certificate, (certificate, *issuers))
    anchor = pyhanko.authority.TrustAnchor(pyhanko.authority.AuthorityWithCert(root))
    path = pyhanko.path.ValidationPath(anchor, between, leaf)
    end = certificate.not_valid_after_utc  # issuers need not report on expired certificates (RFC 5280 §3.3)
    timely = [datum for datum in data if datum.made <= end]
    lists = [datum for datum in timely if datum.is_list]
    steps = [_said(path, at, *lists)] if lists else []
    steps += [_said(path, at, datum) for datum in timely if not datum.is_list]
    for datum in data:
        if datum.made > end or datum.until < at:
            step = _said(path, min(at, datum.until), datum)
            steps += [step] if is_final(step) else []
    return strongest(steps)


def _said(path: Any, at: datetime, *data: Datum) -> Step:
    """The meaning of *data*, all of which are lists, or one of which is an answer."""
    of_lists = partial(pyhanko.validate_crl.verify_crl, use_deltas=False)
    verify = of_lists if data[0].is_list else pyhanko.validate_ocsp.verify_ocsp_response
    failures = pyhanko.errors
    try:
        coroutine.result(verify(path.leaf, path, _context(path, at, data)))
    except failures.RevokedError as error:
        return revoked(error.revocation_dt, error.reason.native)
    except (failures.CRLValidationIndeterminateError, failures.OCSPValidationIndeterminateError) as error:
        return SILENT if error.suspect_stale is None else STALE
    except (failures.CRLValidationError, failures.OCSPValidationError, *pyhanko.UNREADABLE):
        return SILENT
    return NOT_REVOKED


def _context(path: Any, at: datetime, data: Sequence[Datum]) -> Any:
    return pyhanko.certvalidator.ValidationContext(
        trust_roots=[path.trust_anchor],
        other_certs=[*path.iter_certs(include_root=False)],
        moment=at,
        allow_fetching=False,
        time_tolerance=TOLERANCE,
        retroactive_revinfo=True,
        weak_hash_algos=WEAK_HASHES,
        crls=[datum.container for datum in data if datum.is_list],
        ocsps=[datum.container for datum in data if not datum.is_list],
    )
