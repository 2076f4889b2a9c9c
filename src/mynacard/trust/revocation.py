"""Was this certificate revoked? Decided only by the data that the caller passes: nothing is fetched.

J-LIS gives its revocation data only to the verifiers named by law (公的個人認証法 §17). Such a verifier passes the list
(CRL) or the answer (OCSP) that it was given. The data count if the issuer's key or the issuer's delegate signed them,
and if they are fresh at the time that matters. Data that are missing, stale or about other certificates leave the
question open: that is *not checked*, and neither good nor bad.

pyHanko's validator, of the extra ``pdf``, does the work. Source: RFC 5280 §5, §6.3; RFC 6960 §3.2, §4.2.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from typing import Any, Final

from cryptography import x509

from mynacard.errors import CertificateFileError, UsageError
from mynacard.texts import N_, moment
from mynacard.trust import asn1, coroutine, pyhanko
from mynacard.verdict import Step, Verdict, bad, good, not_checked

__all__ = ["EVIDENCE_MAX", "NOT_GIVEN", "NO_EVIDENCE", "RevocationEvidence", "revocation"]

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


def revocation(
    certificate: x509.Certificate,
    issuer: x509.Certificate,
    evidence: RevocationEvidence,
    *,
    at: datetime,
    above: Sequence[x509.Certificate] = (),
) -> Step:
    """Whether *certificate* was revoked at the time *at*, according to *evidence*.

    Args:
        certificate: the certificate in question.
        issuer: the CA certificate whose key signed it; the caller trusts it, unless there are certificates *above* it.
        evidence: lists and answers; those about other certificates are ignored.
        at: the time that matters, with a time zone.
        above: the certificates above *issuer*, beginning with the one that the caller trusts. JPKI has none.

    Raises:
        MissingExtraError: there is evidence, and pyHanko is not installed.
        CertificateFileError: a list or answer is not one, is damaged, is a delta list, or is longer than
            :data:`EVIDENCE_MAX`.
        UsageError: *at* has no time zone.
    """
    if at.tzinfo is None:
        raise UsageError(N_("The time of the check needs a time zone."))
    if not evidence:
        return NOT_GIVEN
    pyhanko.check_installed()
    end = certificate.not_valid_after_utc  # issuers need not report on expired certificates (RFC 5280 §3.3)
    lists = [_loaded(asn1.crl.CertificateList, data, _refused_list) for data in evidence.crls]
    answers = [_loaded(asn1.ocsp.OCSPResponse, data, _refused_answer) for data in evidence.ocsps]
    return _judged(
        certificate,
        (*above, issuer),
        [crl for crl in lists if crl["tbs_cert_list"]["this_update"].native <= end],
        [ocsp for ocsp in answers if ocsp.response_data["produced_at"].native <= end],
        at,
    )


def _judged(
    certificate: x509.Certificate,
    issuers: tuple[x509.Certificate, ...],
    lists: list[Any],
    answers: list[Any],
    at: datetime,
) -> Step:
    """All lists together, since each may cover only some reasons; one answer that says revoked outweighs the others."""
    leaf, root, *between = map(asn1.certificate, (certificate, *issuers))
    anchor = pyhanko.authority.TrustAnchor(pyhanko.authority.AuthorityWithCert(root))
    path = pyhanko.path.ValidationPath(anchor, between, leaf)
    verify_crl = partial(pyhanko.validate_crl.verify_crl, use_deltas=False)
    steps = [_said(verify_crl, leaf, path, at, crls=lists)] if lists else []
    for answer in answers:
        steps.append(_said(pyhanko.validate_ocsp.verify_ocsp_response, leaf, path, at, ocsps=[answer]))
    return min(steps, key=lambda step: _WEIGHT[step.verdict], default=_SILENT)


_WEIGHT: Final = {Verdict.BAD: 0, Verdict.GOOD: 1, Verdict.NOT_CHECKED: 2}


def _said(verify: Any, leaf: Any, path: Any, at: datetime, **evidence: list[Any]) -> Step:
    context = pyhanko.certvalidator.ValidationContext(
        trust_roots=[path.trust_anchor],
        other_certs=[*path.iter_certs(include_root=False)],
        moment=at,
        allow_fetching=False,
        time_tolerance=TOLERANCE,
        retroactive_revinfo=True,
        weak_hash_algos=WEAK_HASHES,
        **evidence,
    )
    failures = pyhanko.errors
    try:
        coroutine.result(verify(leaf, path, context))
    except failures.RevokedError as error:
        return bad(
            "revocation/revoked",
            N_("The certificate was revoked on {time}: {reason}."),
            time=moment(error.revocation_dt),
            reason=_REASONS.get(error.reason.native, error.reason.native),
        )
    except (failures.CRLValidationIndeterminateError, failures.OCSPValidationIndeterminateError) as error:
        return _SILENT if error.suspect_stale is None else _STALE
    except (failures.CRLValidationError, failures.OCSPValidationError, *asn1.UNREADABLE):  # UNREADABLE: an unknown hash
        return _SILENT
    return good("revocation/good", N_("According to the given data, the certificate is not revoked."))


_SILENT: Final = not_checked(
    "revocation/silent",
    N_("The revocation data do not mention this certificate, are not from its issuer, or are not of that time."),
)
_STALE: Final = not_checked("revocation/stale", N_("The revocation data are older than the time that matters."))
_REASONS: Final = {  # RFC 5280 §5.3.1, and their meaning for JPKI's certificates
    "unspecified": N_("no reason is given"),
    "key_compromise": N_("the key may be known to others"),
    "ca_compromise": N_("the CA's key may be known to others"),
    "affiliation_changed": N_("its holder's details have changed"),
    "superseded": N_("another one took its place"),
    "cessation_of_operation": N_("it is no longer needed"),
    "certificate_hold": N_("it is suspended"),
}


def _loaded(kind: Any, data: bytes, refused: Callable[[Any], str | None]) -> Any:
    """The list or answer in *data*, which must end with it."""
    if len(data) > EVIDENCE_MAX:
        raise CertificateFileError(N_("These revocation data are longer than {most} bytes."), most=EVIDENCE_MAX)
    try:
        loaded = kind.load(data, strict=True)
        refusal = refused(loaded)
    except asn1.UNREADABLE:
        loaded, refusal = None, N_("This is neither a revocation list nor an OCSP response, or it is damaged.")
    if refusal is not None:
        raise CertificateFileError(refusal)
    return loaded


def _refused_list(crl: Any) -> str | None:
    """Why this list is refused, or None. Parses the values that are used later: each may raise."""
    _ = crl["tbs_cert_list"]["this_update"].native, crl["tbs_cert_list"]["issuer"].native
    if crl.delta_crl_indicator_value is not None:
        return N_("This is a delta list, which only adds to another list: a complete one is needed.")
    return None


def _refused_answer(ocsp: Any) -> str | None:
    """Why this answer is refused, or None; see :func:`_refused_list`."""
    if ocsp["response_status"].native != "successful":
        return N_("This OCSP response says that the responder had no answer.")
    _ = ocsp.response_data["responses"].native, ocsp.response_data["produced_at"].native
    return None
