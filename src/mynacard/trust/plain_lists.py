"""Revocation lists in their usual form, verified once and then asked by a set of serial numbers.

A list is plain if its issuer signed it for all reasons and for certificates of its own, with RSA and SHA-2. Whatever
else a list or a certificate has is left to pyHanko's validator, which gives the same answers to these, slowly.

Source: RFC 5280 §5.2, §5.3, §6.3.3.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import field
from datetime import datetime, timedelta
from typing import Any, Final, Protocol

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.x509.oid import CRLEntryExtensionOID, ExtensionOID, SignatureAlgorithmOID

from mynacard._dataclasses import dataclass
from mynacard.errors import UnsupportedAlgorithmError
from mynacard.trust import asn1
from mynacard.trust.certificates import rsa_public_key
from mynacard.trust.revoked import NOT_REVOKED, SILENT, STALE, is_final, revoked, strongest
from mynacard.verdict import Step, Verdict

__all__ = ["TOLERANCE", "ListDatum", "PlainLists", "plain_lists"]

TOLERANCE: Final = timedelta(minutes=5)
"""How far this clock and the issuer's may differ."""

_ALGORITHMS: Final = frozenset(
    {
        SignatureAlgorithmOID.RSA_WITH_SHA256,
        SignatureAlgorithmOID.RSA_WITH_SHA384,
        SignatureAlgorithmOID.RSA_WITH_SHA512,
    }
)
_OF_LISTS: Final = frozenset(
    {ExtensionOID.AUTHORITY_KEY_IDENTIFIER, ExtensionOID.CRL_NUMBER, ExtensionOID.ISSUING_DISTRIBUTION_POINT}
)
_OF_ENTRIES: Final = frozenset({CRLEntryExtensionOID.CRL_REASON, CRLEntryExtensionOID.INVALIDITY_DATE})
_OF_CERTIFICATES: Final = frozenset(
    {
        ExtensionOID.AUTHORITY_INFORMATION_ACCESS,
        ExtensionOID.AUTHORITY_KEY_IDENTIFIER,
        ExtensionOID.BASIC_CONSTRAINTS,
        ExtensionOID.CERTIFICATE_POLICIES,
        ExtensionOID.CRL_DISTRIBUTION_POINTS,
        ExtensionOID.EXTENDED_KEY_USAGE,
        ExtensionOID.ISSUER_ALTERNATIVE_NAME,
        ExtensionOID.KEY_USAGE,
        ExtensionOID.SUBJECT_ALTERNATIVE_NAME,
        ExtensionOID.SUBJECT_KEY_IDENTIFIER,
    }
)
_CERTIFICATE_ISSUER: Final = bytes.fromhex("0603551D1D")
"""The extension of entries in indirect lists, by which an entry is about another CA's certificate."""
_UNREADABLE: Final = (ValueError, TypeError, UnsupportedAlgorithm, x509.DuplicateExtension, x509.InvalidVersion)


class ListDatum(Protocol):
    """A list as pyHanko's validator has it."""

    @property
    def container(self) -> Any: ...
    @property
    def made(self) -> datetime: ...
    @property
    def until(self) -> datetime: ...


@dataclass(frozen=True, slots=True)
class _PlainList:
    """A list that its issuer's key signed.

    Attributes:
        crl: the list.
        serials: all of its serial numbers.
        repeated: those of several entries.
        places: where it is published, if it is only for certificates that name one of these places; else None.
        made: thisUpdate.
        until: nextUpdate.
    """

    crl: x509.CertificateRevocationList = field(repr=False)
    serials: frozenset[int] = field(repr=False)
    repeated: frozenset[int] = field(repr=False)
    places: frozenset[x509.GeneralName] | None
    made: datetime
    until: datetime

    def step(self, serial: int, at: datetime) -> Step | None:
        """NOT_REVOKED, or when and why it was revoked before *at*; None if that takes an unusual or several entries."""
        if serial in self.repeated:
            return None
        entry = self.crl.get_revoked_certificate_by_serial_number(serial) if serial in self.serials else None
        if entry is None:
            return NOT_REVOKED
        try:
            extensions = {extension.oid: extension.value for extension in entry.extensions}
        except _UNREADABLE:
            return None
        reason = extensions.get(CRLEntryExtensionOID.CRL_REASON, x509.CRLReason(x509.ReasonFlags.unspecified))
        if not extensions.keys() <= _OF_ENTRIES or not isinstance(reason, x509.CRLReason):
            return None
        if reason.reason is x509.ReasonFlags.remove_from_crl:
            return None
        return revoked(entry.revocation_date_utc, reason.reason.name) if entry.revocation_date_utc < at else NOT_REVOKED


@dataclass(frozen=True, slots=True)
class PlainLists:
    """The lists of one issuer.

    Attributes:
        issuer: its certificate.
        lists: those that its key signed.
        strangers: when lists in its name were made that another key signed: those of other generations of JPKI's CAs.
        decide: whether these lists are plain, and nothing else was given that could say more.
    """

    issuer: x509.Certificate
    lists: tuple[_PlainList, ...]
    strangers: tuple[datetime, ...]
    decide: bool

    def step(self, certificate: x509.Certificate, at: datetime, latest: datetime) -> Step | None:
        """Whether *certificate*, which the issuer's key signed, was revoked at *at*; None if these do not decide.

        Args:
            certificate: the certificate in question.
            at: the time that matters.
            latest: lists made after it are not used.
        """
        past = [item for item in self.lists if item.made <= latest]
        if not self.decide or not self._is_usual(certificate, past):
            return None
        serial, end = certificate.serial_number, certificate.not_valid_after_utc
        timely = [item for item in past if item.made <= end]  # issuers need not report later (RFC 5280 §3.3)
        steps = [item.step(serial, at) for item in timely if at - TOLERANCE <= item.until]
        later = [item.step(serial, min(at, item.until)) for item in past if item.made > end or item.until < at]
        if timely and not steps:
            steps = [SILENT if any(made <= min(end, latest) for made in self.strangers) else STALE]
        decided = [step for step in (*steps, *later) if step is not None]
        if len(decided) < len(steps) + len(later):
            return None
        if len({step for step in decided if step.verdict is Verdict.BAD}) > 1:  # which one is told is pyHanko's choice
            return None
        return strongest([*decided[: len(steps)], *filter(is_final, decided[len(steps) :])])

    def _is_usual(self, certificate: x509.Certificate, lists: Iterable[_PlainList]) -> bool:
        extensions = {extension.oid: extension.value for extension in certificate.extensions}
        constraints = extensions.get(ExtensionOID.BASIC_CONSTRAINTS)
        places = _places(extensions.get(ExtensionOID.CRL_DISTRIBUTION_POINTS))
        return (
            extensions.keys() <= _OF_CERTIFICATES
            and not (isinstance(constraints, x509.BasicConstraints) and constraints.ca)
            and certificate.issuer == self.issuer.subject != certificate.subject
            and places is not None
            and all(item.places is None or item.places & places for item in lists)
        )


def plain_lists(lists: Sequence[ListDatum], issuers: Iterable[x509.Certificate]) -> dict[x509.Certificate, PlainLists]:
    """The lists of each of *issuers* among *lists*, which are read and verified here."""
    read = [(datum, _read(datum)) for datum in lists]
    all_direct = all(crl is not None for _, crl in read)
    return {issuer: _of_issuer(issuer, read, all_direct) for issuer in issuers}


def _of_issuer(
    issuer: x509.Certificate, read: Sequence[tuple[ListDatum, x509.CertificateRevocationList | None]], direct: bool
) -> PlainLists:
    name = asn1.certificate(issuer).subject
    named = [(datum, crl) for datum, crl in read if crl is not None and datum.container.crl_data.issuer == name]
    signed = [(datum, crl, _signed(crl, issuer)) for datum, crl in named]
    plain = [_plain(datum, crl) for datum, crl, by_issuer in signed if by_issuer]
    strangers = tuple(datum.made for datum, _, by_issuer in signed if by_issuer is False)
    lists = tuple(item for item in plain if item is not None)
    return PlainLists(issuer, lists, strangers, direct and len(lists) + len(strangers) == len(named))


def _read(datum: ListDatum) -> x509.CertificateRevocationList | None:
    """The list as cryptography reads it; None if it does not, or if entries may be about another CA's certificates."""
    whole = datum.container.crl_data
    data = whole.dump()
    try:
        same = whole["tbs_cert_list"]["signature"].dump() == whole["signature_algorithm"].dump()
        crl = x509.load_der_x509_crl(data)
        point, _ = _point(crl), (crl.issuer, crl.next_update_utc, whole.issuer.hashable)  # parsed on use: may raise
    except (*_UNREADABLE, *asn1.UNREADABLE):
        return None
    return crl if same and _CERTIFICATE_ISSUER not in data and not (point and point.indirect_crl) else None


def _signed(crl: x509.CertificateRevocationList, issuer: x509.Certificate) -> bool | None:
    """Whether the key of *issuer*, which may sign lists, signed *crl*; None if pyHanko has to say that."""
    try:
        usage = issuer.extensions.get_extension_for_class(x509.KeyUsage).value
        key = rsa_public_key(issuer)
    except (x509.ExtensionNotFound, UnsupportedAlgorithmError, *_UNREADABLE):
        return None
    if not usage.crl_sign or crl.issuer != issuer.subject or crl.signature_algorithm_oid not in _ALGORITHMS:
        return None
    return crl.is_signature_valid(key)


def _plain(datum: ListDatum, crl: x509.CertificateRevocationList) -> _PlainList | None:
    """*crl*; None if it is not plain."""
    if crl.next_update_utc is None or not {extension.oid for extension in crl.extensions} <= _OF_LISTS:
        return None
    point = _point(crl)
    places = frozenset(point.full_name or ()) if point is not None else frozenset[x509.GeneralName]()
    if point is not None and (
        point.relative_name
        or point.only_contains_ca_certs
        or point.only_contains_attribute_certs
        or point.only_some_reasons
        or not all(map(_is_comparable, places))
    ):
        return None
    counts = Counter(entry.serial_number for entry in crl)
    repeated = frozenset(serial for serial, count in counts.items() if count > 1)
    return _PlainList(crl, frozenset(counts), repeated, places or None, datum.made, datum.until)


def _places(points: x509.ExtensionType | None) -> frozenset[x509.GeneralName] | None:
    """The places of the lists that a certificate names with *points*; None if they have an unusual form."""
    if points is None:
        return frozenset()
    if not isinstance(points, x509.CRLDistributionPoints):
        return None
    if any(point.crl_issuer or point.relative_name for point in points):
        return None
    places = frozenset(name for point in points for name in point.full_name or ())
    return places if all(map(_is_comparable, places)) else None


def _is_comparable(name: x509.GeneralName) -> bool:
    return isinstance(name, (x509.DirectoryName, x509.UniformResourceIdentifier))


def _point(crl: x509.CertificateRevocationList) -> x509.IssuingDistributionPoint | None:
    try:
        return crl.extensions.get_extension_for_class(x509.IssuingDistributionPoint).value
    except x509.ExtensionNotFound:
        return None
