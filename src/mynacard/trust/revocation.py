"""Was this certificate revoked? Decided only by the data that the caller passes: nothing is fetched.

J-LIS gives its revocation data only to the verifiers named by law (公的個人認証法 §17). Such a verifier passes the list
(CRL) or the answer (OCSP) that it was given. The data count if the issuer's key or the issuer's delegate signed them,
if they are fresh at the time that matters, and if they are not dated in the future. Data that are missing, stale or
about other certificates leave the question open: that is *not checked*, and neither good nor bad. Data that say
*revoked* outweigh all others, even if they are stale: a revocation is final.

pyHanko's validator, of the extra ``pdf``, does the work. Source: RFC 5280 §5, §6.3; RFC 6960 §3.2, §4.2.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import field
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any, Final

from cryptography import x509

from mynacard._dataclasses import dataclass
from mynacard.errors import CertificateFileError, UsageError
from mynacard.texts import N_, moment
from mynacard.trust import asn1, coroutine, pyhanko
from mynacard.verdict import Step, Verdict, bad, good, not_checked

__all__ = ["EVIDENCE_MAX", "NOT_GIVEN", "NO_EVIDENCE", "RevocationEvidence", "present", "revocation"]

EVIDENCE_MAX: Final = 0x100_0000
"""The most bytes of one list or answer. A list of 700,000 entries fits; one was measured to take 7.5 s and 690 MB."""
TOLERANCE: Final = timedelta(minutes=5)
"""How far this clock and the issuer's may differ."""
WEAK_HASHES: Final = frozenset({"md2", "md5", "sha1"})
"""Signatures with them, of lists, answers, certificates and time stamps, prove nothing."""

NOT_GIVEN: Final = not_checked(
    "revocation/no-data", N_("No revocation data were given: J-LIS provides them only to the verifiers named by law.")
)


@dataclass(frozen=True, slots=True)
class RevocationEvidence:
    """The caller's data on revoked certificates.

    Attributes:
        crls: revocation lists, DER.
        ocsps: OCSP responses, DER.
    """

    crls: tuple[bytes, ...] = field(default=(), repr=False)
    ocsps: tuple[bytes, ...] = field(default=(), repr=False)

    def __bool__(self) -> bool:
        return bool(self.crls or self.ocsps)


NO_EVIDENCE: Final = RevocationEvidence()


@dataclass(frozen=True, slots=True)
class _Datum:
    """One list, or what one answer says of one certificate: pyHanko's container, and the times that it covers."""

    container: Any
    is_list: bool
    made: datetime
    until: datetime


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
    pyhanko.check_installed()
    data = [
        *_read(evidence.crls, _of_list, N_("Revocation list {number} cannot be used: {reason}")),
        *_read(evidence.ocsps, _of_answer, N_("OCSP response {number} cannot be used: {reason}")),
    ]
    past = [datum for datum in data if datum.made - now <= TOLERANCE]
    step = _judged(certificate, (*above, issuer), past, at)
    return _FUTURE if step is _SILENT and len(past) < len(data) else step


def present(now: datetime | None) -> datetime:
    """*now*, or the time of this computer's clock.

    Raises:
        UsageError: *now* has no time zone.
    """
    if now is not None and now.tzinfo is None:
        raise UsageError(N_("The present time needs a time zone."))
    return now or datetime.now(UTC)


def _judged(
    certificate: x509.Certificate, issuers: tuple[x509.Certificate, ...], data: list[_Datum], at: datetime
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
            steps += [step] if _is_final(step) else []
    return min(steps, key=lambda step: _WEIGHT[step.verdict], default=_SILENT)


_WEIGHT: Final = {Verdict.BAD: 0, Verdict.GOOD: 1, Verdict.NOT_CHECKED: 2}


def _is_final(step: Step) -> bool:
    """Whether *step* holds for ever: only a suspension can be lifted (RFC 5280 §5.3.1)."""
    return step.verdict is Verdict.BAD and ("reason", _REASONS["certificate_hold"]) not in step.details


def _said(path: Any, at: datetime, *data: _Datum) -> Step:
    """The meaning of *data*, all of which are lists, or one of which is an answer."""
    of_lists = partial(pyhanko.validate_crl.verify_crl, use_deltas=False)
    verify = of_lists if data[0].is_list else pyhanko.validate_ocsp.verify_ocsp_response
    failures = pyhanko.errors
    try:
        coroutine.result(verify(path.leaf, path, _context(path, at, data)))
    except failures.RevokedError as error:
        return bad(
            "revocation/revoked",
            N_("The certificate was revoked on {time}: {reason}."),
            time=moment(error.revocation_dt),
            reason=_REASONS.get(error.reason.native, error.reason.native),
        )
    except (failures.CRLValidationIndeterminateError, failures.OCSPValidationIndeterminateError) as error:
        return _SILENT if error.suspect_stale is None else _STALE
    except (failures.CRLValidationError, failures.OCSPValidationError, *pyhanko.UNREADABLE):
        return _SILENT
    return good("revocation/good", N_("According to the given data, the certificate is not revoked."))


def _context(path: Any, at: datetime, data: Sequence[_Datum]) -> Any:
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


_SILENT: Final = not_checked(
    "revocation/silent",
    N_("The revocation data do not mention this certificate, are not from its issuer, or are not of that time."),
)
_STALE: Final = not_checked("revocation/stale", N_("The revocation data are older than the time that matters."))
_FUTURE: Final = not_checked(
    "revocation/future", N_("The revocation data are dated in the future, by this computer's clock.")
)
_REASONS: Final = {  # RFC 5280 §5.3.1, and their meaning for JPKI's certificates
    "unspecified": N_("no reason is given"),
    "key_compromise": N_("the key may be known to others"),
    "ca_compromise": N_("the CA's key may be known to others"),
    "affiliation_changed": N_("its holder's details have changed"),
    "superseded": N_("another one took its place"),
    "cessation_of_operation": N_("it is no longer needed"),
    "certificate_hold": N_("it is suspended"),
}


def _read(data: tuple[bytes, ...], read: Callable[[bytes], list[_Datum]], unusable: str) -> list[_Datum]:
    """What *read* finds in *data*. A CertificateFileError says which of them is *unusable*."""
    read_data: list[_Datum] = []
    for number, datum in enumerate(data, 1):
        try:
            read_data += _within_bounds(datum, read)
        except CertificateFileError as reason:
            raise CertificateFileError(unusable, number=number, reason=reason) from None
    return read_data


def _within_bounds(data: bytes, read: Callable[[bytes], list[_Datum]]) -> list[_Datum]:
    if len(data) > EVIDENCE_MAX:
        raise CertificateFileError(N_("These revocation data are longer than {most} bytes."), most=EVIDENCE_MAX)
    try:
        return read(data)
    except CertificateFileError:
        raise
    except pyhanko.UNREADABLE:
        raise CertificateFileError(
            N_("This is neither a revocation list nor an OCSP response, or it is damaged.")
        ) from None


def _of_list(data: bytes) -> list[_Datum]:
    """The list in *data*. Parses the values that are used later: each may raise."""
    crl = asn1.crl.CertificateList.load(data, strict=True)
    _ = crl["tbs_cert_list"]["issuer"].native
    if crl.delta_crl_indicator_value is not None:
        raise CertificateFileError(
            N_("This is a delta list, which only adds to another list: a complete one is needed.")
        )
    return [_Datum(pyhanko.archival.CRLContainer(crl), True, *_times(crl["tbs_cert_list"]))]


def _of_answer(data: bytes) -> list[_Datum]:
    """What the answer in *data* says of each certificate; see :func:`_of_list`."""
    ocsp = asn1.ocsp.OCSPResponse.load(data, strict=True)
    if ocsp["response_status"].native != "successful":
        raise CertificateFileError(N_("This OCSP response says that the responder had no answer."))
    _ = ocsp.response_data["responses"].native
    produced = _time(ocsp.response_data["produced_at"])
    containers = pyhanko.archival.OCSPContainer.load_multi(ocsp)
    times = [_times(container.extract_single_response()) for container in containers]
    return [
        _Datum(container, False, max(made, produced), until)
        for container, (made, until) in zip(containers, times, strict=True)
    ]


def _times(part: Any) -> tuple[datetime, datetime]:
    """When *part* was made, and until when it holds; without a nextUpdate, only then."""
    made = _time(part["this_update"])
    return made, _time(part["next_update"]) if part["next_update"].native is not None else made


def _time(value: Any) -> datetime:
    time = value.native  # in the year 0, of another type; where the zone is missing, without one
    if not isinstance(time, datetime) or time.tzinfo is None:
        raise ValueError
    return time
