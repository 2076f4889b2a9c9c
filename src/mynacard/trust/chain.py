"""Is this certificate good, under these CA certificates, at this time, for this purpose?

Self-signed roots issue JPKI's certificates directly. The roots of all generations have the same name, so only the
signature shows which of them issued a certificate. This module has no CA built in, and uses no network. It checks
revocation by the data that the caller passes; without any, it reports that as not checked.

Source: RFC 5280 §4.2.1.3, §4.2.1.9, §6.1; the published J-LIS root certificates.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from dataclasses import replace
from datetime import datetime
from enum import Enum
from functools import partial
from typing import Final, TypeVar

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.x509.oid import ExtendedKeyUsageOID, ExtensionOID, NameOID

from mynacard._dataclasses import dataclass
from mynacard.arguments import check_member, check_type
from mynacard.errors import UnsupportedAlgorithmError, UsageError
from mynacard.texts import N_, moment
from mynacard.trust.acceptance import require
from mynacard.trust.certificates import name_text, rsa_public_key
from mynacard.trust.revocation import NO_EVIDENCE, NOT_GIVEN, RevocationEvidence, present, revocation
from mynacard.verdict import Step, Undecided, Verdict, bad, explain, good, not_checked, overall

__all__ = ["SIMULATED_ORGANIZATION", "Anchor", "Purpose", "Report", "check", "is_simulated"]

SIMULATED_ORGANIZATION: Final = "JPKI-SIM"
"""O in the name of every CA of the simulator's test PKI."""

_Extension = TypeVar("_Extension", bound=x509.ExtensionType)

_HASHES: Final = frozenset({"sha256", "sha384", "sha512"})
_PROCESSED: Final = frozenset(
    {
        ExtensionOID.BASIC_CONSTRAINTS,
        ExtensionOID.KEY_USAGE,
        ExtensionOID.EXTENDED_KEY_USAGE,
        ExtensionOID.CERTIFICATE_POLICIES,  # critical in JPKI's; any policy will do unless the caller demands some
        ExtensionOID.SUBJECT_ALTERNATIVE_NAME,
        ExtensionOID.ISSUER_ALTERNATIVE_NAME,
        ExtensionOID.CRL_DISTRIBUTION_POINTS,
        ExtensionOID.AUTHORITY_KEY_IDENTIFIER,
        ExtensionOID.SUBJECT_KEY_IDENTIFIER,
    }
)


class Purpose(Enum):
    """The use of a certificate: JPKI issues one certificate for each."""

    DOCUMENT = "document"
    AUTHENTICATION = "authentication"


_EXTENDED_USAGES: Final = {  # an absent extension allows all (JPKI's have none); a present one must name one of these
    Purpose.DOCUMENT: {
        ExtendedKeyUsageOID.ANY_EXTENDED_KEY_USAGE,
        ExtendedKeyUsageOID.EMAIL_PROTECTION,
        x509.ObjectIdentifier("1.3.6.1.5.5.7.3.36"),  # document signing, RFC 9336
    },
    Purpose.AUTHENTICATION: {ExtendedKeyUsageOID.ANY_EXTENDED_KEY_USAGE, ExtendedKeyUsageOID.CLIENT_AUTH},
}


@dataclass(frozen=True, slots=True)
class Anchor:
    """A CA certificate that the caller trusts.

    Attributes:
        certificate: as returned by :func:`mynacard.trust.certificates.load`.
        simulated: whether to trust it as the CA of simulated cards. Without this, certificates by a CA of the test PKI
            are bad.
    """

    certificate: x509.Certificate
    simulated: bool = False

    def __post_init__(self) -> None:
        check_type(self.certificate, x509.Certificate, wanted="cryptography.x509.Certificate")


def check_anchors(anchors: Iterable[Anchor]) -> tuple[Anchor, ...]:
    """*anchors*, each of which must be an Anchor: a certificate does not say whether it is trusted as a simulated one.

    Raises:
        UsageError: one of them is something else.
    """
    check_type(anchors, Iterable, wanted="Iterable[Anchor]")
    for anchor in (trusted := tuple(anchors)):
        check_type(anchor, Anchor)
    return trusted


@dataclass(frozen=True, slots=True)
class Report(Undecided):
    """The result of checking a certificate and the signature that came with it, step by step.

    Attributes:
        anchor: the CA certificate whose key signed the certificate, even if other steps are bad; None if none did.
        signature: whether the key signed the document or challenge, as the caller passed it.
        issuer: whether a trusted CA issued the certificate.
        validity: whether certificate and CA certificate were valid at the time.
        key_usage: whether the certificate is for the purpose, and has a wanted policy.
        revocation: whether it was revoked, by the data that the caller passed; NOT_CHECKED without any.
        policies: the object identifiers of the certificate's policies, in its order.
    """

    anchor: Anchor | None
    signature: Step
    issuer: Step
    validity: Step
    key_usage: Step
    revocation: Step
    policies: tuple[str, ...] = ()

    @property
    def simulated(self) -> bool:
        """Whether the signer is a simulated card, whose signatures mean nothing outside of tests."""
        return self.anchor is not None and (self.anchor.simulated or is_simulated(self.anchor.certificate))

    @property
    def steps(self) -> tuple[tuple[str, Step], ...]:
        """All steps with their names, in the order in which people want to read them."""
        return (
            (N_("signature"), self.signature),
            (N_("issuer"), self.issuer),
            (N_("validity"), self.validity),
            (N_("key usage"), self.key_usage),
            (N_("revocation"), self.revocation),
        )

    @property
    def overall(self) -> Verdict:
        """BAD if one step is; else NOT_CHECKED if one was not taken; else GOOD."""
        return overall(step for _, step in self.steps)

    def require(self, accept_unchecked: Collection[str] = ()) -> None:
        """Check that all steps are good, or not checked where the caller accepts that.

        Args:
            accept_unchecked: ``"revocation"``, or nothing: topics of steps that may be left unchecked.

        Raises:
            SignatureNotAccepted: a step is bad, or was not taken; it carries all steps.
            UsageError: *accept_unchecked* names something that cannot be left unchecked.
        """
        require(self.steps, accept_unchecked)

    def explain(self, translate: Callable[[str], str] = str) -> str:
        """All steps in words, as :func:`mynacard.verdict.explain` puts them."""
        return explain(self.steps, translate)


_NO_SIGNATURE: Final = not_checked("signature/not-given", N_("No signature was given."))
_UNKNOWN_CA: Final = not_checked(
    "revocation/unknown-ca", N_("The certificate's CA is unknown, so no revocation data could be checked.")
)


def check(
    certificate: x509.Certificate,
    anchors: Iterable[Anchor],
    *,
    at: datetime,
    purpose: Purpose,
    signature: Step = _NO_SIGNATURE,
    evidence: RevocationEvidence = NO_EVIDENCE,
    now: datetime | None = None,
    policies: Collection[str] = (),
) -> Report:
    """Check *certificate* under *anchors*.

    Args:
        certificate: as returned by :func:`mynacard.trust.certificates.load`.
        anchors: the CA certificates that the caller trusts; where several fit, the one with the best report counts,
            but a certificate that is revoked under one of them is revoked.
        at: the time that matters, with a time zone: now, or when a signature is known (not just claimed) to have been
            made.
        purpose: the use that the certificate should be for.
        signature: the result of verifying the signature; it goes into the report.
        evidence: the caller's data on revoked certificates.
        now: the present time, with a time zone; None for this computer's clock. Evidence dated later is not used.
        policies: object identifiers, one of which the certificate must have among its policies; empty for any.

    Raises:
        UsageError: an argument has the wrong type, or *at* or *now* has no time zone.
        CertificateFileError, MissingExtraError: as :func:`~mynacard.trust.revocation.revocation` raises them.
    """
    check_type(certificate, x509.Certificate, wanted="cryptography.x509.Certificate")
    check_type(at, datetime)
    check_member(purpose, Purpose)
    if at.tzinfo is None:
        raise UsageError(N_("The time of the check needs a time zone."))
    now = present(now)
    trusted = check_anchors(anchors)
    report = partial(
        Report, signature=signature, key_usage=_usage(certificate, purpose, policies), policies=_policies(certificate)
    )
    reports = [
        report(
            anchor=anchor,
            issuer=_issuer(certificate, anchor),
            validity=_validity(at, certificate, anchor.certificate),
            revocation=revocation(certificate, anchor.certificate, evidence, at=at, now=now),
        )
        for anchor in trusted
        if _issued(certificate, anchor.certificate)
    ]
    if reports:
        return _best(reports)
    return report(
        anchor=None,
        issuer=_unknown_issuer(certificate, trusted),
        validity=_validity(at, certificate),
        revocation=_UNKNOWN_CA if evidence else NOT_GIVEN,
    )


def _best(reports: list[Report]) -> Report:
    """The report with the fewest shortcomings: BAD ones first. Revoked under one anchor is revoked under all."""
    revoked = [report.revocation for report in reports if report.revocation.verdict is Verdict.BAD]
    if revoked:
        reports = [replace(report, revocation=revoked[0]) for report in reports]

    def shortcomings(report: Report) -> tuple[int, ...]:
        verdicts = [step.verdict for _, step in report.steps]
        return verdicts.count(Verdict.BAD), verdicts.count(Verdict.NOT_CHECKED)

    return min(reports, key=shortcomings)


def is_simulated(authority: x509.Certificate) -> bool:
    """Whether *authority* says in its name that it is a CA of the test PKI."""
    check_type(authority, x509.Certificate, wanted="cryptography.x509.Certificate")
    return _names_simulated(authority.subject)


def _names_simulated(name: x509.Name) -> bool:
    organizations = name.get_attributes_for_oid(NameOID.ORGANIZATION_NAME)
    return any(organization.value == SIMULATED_ORGANIZATION for organization in organizations)


def _issued(certificate: x509.Certificate, authority: x509.Certificate) -> bool:
    """Whether *authority*'s key signed *certificate*, with an algorithm that is still secure."""
    if not _is_supported(certificate, authority):
        return False
    try:
        certificate.verify_directly_issued_by(authority)
    except (ValueError, TypeError, InvalidSignature, UnsupportedAlgorithm):
        return False
    return True


def _is_supported(certificate: x509.Certificate, authority: x509.Certificate) -> bool:
    """Whether *certificate* is signed by SHA-2, and *authority* holds an RSA key."""
    try:
        hash_ = certificate.signature_hash_algorithm
        rsa_public_key(authority)
    except (UnsupportedAlgorithm, UnsupportedAlgorithmError):
        return False
    return hash_ is not None and hash_.name in _HASHES


_SIMULATED: Final = N_("The issuer ({issuer}) is simulated: it proves nothing outside of tests.")


def _unknown_issuer(certificate: x509.Certificate, anchors: tuple[Anchor, ...]) -> Step:
    issuer = name_text(certificate.issuer)
    namesakes = [anchor.certificate for anchor in anchors if anchor.certificate.subject == certificate.issuer]
    if not anchors:
        return not_checked(
            "issuer/no-anchor",
            N_("No CA certificate was given; the certificate names {issuer} as its issuer."),
            issuer=issuer,
        )
    if namesakes and not any(_is_supported(certificate, authority) for authority in namesakes):
        return bad(
            "issuer/unsupported",
            N_("The issuer's key ({issuer}) or its signature is not of a supported kind: RSA with SHA-2."),
            issuer=issuer,
        )
    if namesakes:
        return bad(
            "issuer/other-key",
            N_("A CA certificate has the issuer's name ({issuer}), but another key: another generation, or a forgery."),
            issuer=issuer,
        )
    if _names_simulated(certificate.issuer):
        return bad("issuer/simulated", _SIMULATED, issuer=issuer)
    return bad(
        "issuer/unknown",
        N_("None of the given CA certificates issued the certificate; it names {issuer}."),
        issuer=issuer,
    )


def _issuer(certificate: x509.Certificate, anchor: Anchor) -> Step:
    authority = anchor.certificate
    name = name_text(authority.subject)
    if is_simulated(authority) and not anchor.simulated:
        return bad("issuer/simulated", _SIMULATED, issuer=name)
    if not _may_issue(authority):
        return bad("issuer/not-a-ca", N_("The issuer's certificate ({issuer}) is not a CA certificate."), issuer=name)
    unknown = _unknown_critical(authority) or _unknown_critical(certificate)
    if unknown is not None:
        return bad(
            "issuer/critical-extension", N_("A critical extension ({oid}) is unknown here."), oid=unknown.dotted_string
        )
    if anchor.simulated:
        return good("issuer/good", N_("Issued by the simulated CA {issuer}."), issuer=name)
    return good(
        "issuer/good",
        N_("Issued by {issuer}, serial number {serial}."),
        issuer=name,
        serial=f"{authority.serial_number:X}",
    )


def _may_issue(authority: x509.Certificate) -> bool:
    usage = _extension(authority, x509.KeyUsage)
    return _is_ca(authority) and usage is not None and usage.key_cert_sign


def _is_ca(certificate: x509.Certificate) -> bool:
    constraints = _extension(certificate, x509.BasicConstraints)
    return constraints is not None and constraints.ca


def _unknown_critical(certificate: x509.Certificate) -> x509.ObjectIdentifier | None:
    unknown = (
        extension.oid for extension in certificate.extensions if extension.critical and extension.oid not in _PROCESSED
    )
    return next(unknown, None)


def _validity(at: datetime, certificate: x509.Certificate, authority: x509.Certificate | None = None) -> Step:
    if at < certificate.not_valid_before_utc:
        return bad(
            "validity/not-yet",
            N_("The certificate is not valid before {start}."),
            start=moment(certificate.not_valid_before_utc),
        )
    if at > certificate.not_valid_after_utc:
        return bad(
            "validity/expired", N_("The certificate expired on {end}."), end=moment(certificate.not_valid_after_utc)
        )
    if authority is not None and at < authority.not_valid_before_utc:
        return bad(
            "validity/ca-not-yet",
            N_("The CA certificate is not valid before {start}."),
            start=moment(authority.not_valid_before_utc),
        )
    if authority is not None and at > authority.not_valid_after_utc:
        return bad(
            "validity/ca-expired", N_("The CA certificate expired on {end}."), end=moment(authority.not_valid_after_utc)
        )
    return good("validity/good", N_("Valid on {time}."), time=moment(at))


def _usage(certificate: x509.Certificate, purpose: Purpose, wanted: Collection[str]) -> Step:
    """Whether the certificate is for *purpose*, and has one of the *wanted* policies, if there are any."""
    usage, policies = _key_usage(certificate, purpose), _policies(certificate)
    if usage.verdict is not Verdict.GOOD or not wanted or set(wanted).intersection(policies):
        return usage
    return bad(
        "usage/policy",
        N_("None of the certificate's policies ({found}) is among those wanted."),
        found=", ".join(policies) or "–",
    )


def _key_usage(certificate: x509.Certificate, purpose: Purpose) -> Step:
    usage = _extension(certificate, x509.KeyUsage)
    if _is_ca(certificate) or usage is None or usage.key_cert_sign:
        return bad("usage/not-said", N_("The certificate is a CA certificate, or does not say what it is for."))
    extended = _extension(certificate, x509.ExtendedKeyUsage)
    if extended is not None and not _EXTENDED_USAGES[purpose].intersection(extended):
        return bad("usage/other", N_("The certificate is for another purpose."))
    match purpose:
        case Purpose.DOCUMENT if usage.content_commitment:
            return good("usage/good", N_("The certificate is for signing documents."))
        case Purpose.DOCUMENT:
            return bad("usage/other", N_("The certificate is not for signing documents."))
        case Purpose.AUTHENTICATION if usage.digital_signature and not usage.content_commitment:
            return good("usage/good", N_("The certificate is for authentication."))
        case Purpose.AUTHENTICATION:
            return bad("usage/other", N_("The certificate is not for authentication."))


def _policies(certificate: x509.Certificate) -> tuple[str, ...]:
    policies = _extension(certificate, x509.CertificatePolicies)
    return tuple(policy.policy_identifier.dotted_string for policy in policies or ())


def _extension(certificate: x509.Certificate, kind: type[_Extension]) -> _Extension | None:
    try:
        return certificate.extensions.get_extension_for_class(kind).value
    except x509.ExtensionNotFound:
        return None
