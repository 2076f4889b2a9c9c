"""Whether an application can be submitted now: what the applicant has to know before the last step, not during it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import replace
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import Final, Self

from cryptography import x509

from mynacard._dataclasses import dataclass
from mynacard.apdu.pins import Blocked, PinStatus, TriesLeft, TriesUnknown
from mynacard.errors import FileNotFound
from mynacard.japan import TOKYO, day_in_tokyo
from mynacard.jpki.layout import DIGITAL_SIGNATURE, USER_AUTHENTICATION
from mynacard.jpki.session import JpkiSession
from mynacard.residence import CardFiles, contents_of
from mynacard.submission import checking, holder_match
from mynacard.submission.application import Actor, Application
from mynacard.submission.draft import ResidenceFacts, facts_of
from mynacard.submission.messages import Violation, error, warning
from mynacard.submission.rules import Rules
from mynacard.trust import load_certificate

__all__ = ["Cards", "Finding", "Subject", "can_be_sent", "looked_at", "readiness"]

SOON: Final = timedelta(days=14)
"""A certificate that ends sooner may end before the answer comes: a choice, since no rule is known."""


class Subject(StrEnum):
    """The subject of a finding."""

    APPLICATION = "application"
    AUTHENTICATION_CERTIFICATE = "user-authentication certificate"
    SIGNING_CERTIFICATE = "signing certificate"
    PIN = "PIN"
    PASSWORD = "password"
    RESIDENCE_CARD = "residence card"
    FILES = "files"


@dataclass(frozen=True, slots=True)
class Cards:
    """The data read from the cards; None: not looked at.

    Attributes:
        authentication: the user-authentication certificate.
        signing: the signing certificate, which opens with the password.
        absent: the certificates that the card does not have, as far as it shows without a PIN.
        pins: the state of the two keys' PINs, by :class:`Subject`.
        residence: the facts on the residence card.
    """

    authentication: x509.Certificate | None = None
    signing: x509.Certificate | None = None
    absent: frozenset[Subject] = frozenset()
    pins: Mapping[Subject, PinStatus] | None = None
    residence: ResidenceFacts | None = None

    @classmethod
    def of_files(cls, signing: bytes | None, residence: CardFiles | None) -> Self:
        """The data in files that were read from the cards before.

        Args:
            signing: the signing certificate, PEM or DER.
            residence: the files of the residence card.

        Raises:
            CertificateFileError: *signing* is not a certificate.
            CardDataError, UsageError: as :func:`mynacard.residence.contents_of`.
        """
        return cls(
            signing=None if signing is None else load_certificate(signing),
            residence=None if residence is None else facts_of(contents_of(residence)),
        )


def looked_at(cards: Cards, session: JpkiSession) -> Cards:
    """*cards*, with the data that the card of *session* gives without a PIN. No try is spent.

    Raises:
        CardError, ReaderError: as the session does.
        CertificateFileError: the user-authentication certificate is not a certificate.
    """
    present = session.certificates_present()
    presence = {
        Subject.AUTHENTICATION_CERTIFICATE: present.user_authentication,
        Subject.SIGNING_CERTIFICATE: present.digital_signature,
    }
    certificate = None
    if present.user_authentication:
        certificate = load_certificate(session.certificate_der(USER_AUTHENTICATION))
    absent = frozenset(subject for subject, is_present in presence.items() if not is_present)
    return replace(cards, authentication=certificate, absent=absent, pins=_pin_statuses(session))


def _pin_statuses(session: JpkiSession) -> dict[Subject, PinStatus]:
    pins = dict[Subject, PinStatus]()
    for subject, pair in ((Subject.PIN, USER_AUTHENTICATION), (Subject.PASSWORD, DIGITAL_SIGNATURE)):
        with suppress(FileNotFound):  # a child's card has no password; a card for face verification only has no PIN
            pins[subject] = session.pin_status(pair)
    return pins


@dataclass(frozen=True, slots=True)
class Finding:
    """The violations of one subject; with none, it is in order. *looked_at*: whether it was there to look at."""

    subject: Subject
    violations: tuple[Violation, ...] = ()
    looked_at: bool = True

    @property
    def is_ready(self) -> bool:
        """Whether nothing about it stops the application. A subject that was not looked at is not ready."""
        return self.looked_at and checking.is_acceptable(self.violations)


def can_be_sent(findings: Iterable[Finding]) -> bool:
    """Whether no violation stops the application. A subject that was not looked at does not stop it either."""
    return all(checking.is_acceptable(finding.violations) for finding in findings)


def readiness(application: Application, cards: Cards, rules_: Rules, *, now: datetime) -> tuple[Finding, ...]:
    """One finding for each subject that an application in person needs; for other actors only the application.

    Args:
        application: complete.
        cards: the data read from them.
        rules_: :func:`mynacard.submission.rules.current`, or another version.
        now: aware of its zone.

    Raises:
        UsageError: *now* has no time zone.
    """
    today = day_in_tokyo(now)
    findings = [Finding(Subject.APPLICATION, checking.check(application, rules_, now=now))]
    if application.actor is not Actor.SELF:
        return tuple(findings)
    for subject, certificate in (
        (Subject.AUTHENTICATION_CERTIFICATE, cards.authentication),
        (Subject.SIGNING_CERTIFICATE, cards.signing),
    ):
        if subject in cards.absent:
            findings.append(Finding(subject, (error("ready/no-certificate", ""),)))
        elif certificate is None:
            findings.append(Finding(subject, looked_at=False))
        else:
            compared = holder_match.compare(application.person, certificate) if certificate is cards.signing else []
            findings.append(Finding(subject, (*_certificate(certificate, now), *compared)))
    for subject in (Subject.PIN, Subject.PASSWORD):
        status = (cards.pins or {}).get(subject)
        findings.append(Finding(subject, _pin(status), looked_at=status is not None))
    facts = cards.residence
    if facts is None:
        findings.append(Finding(Subject.RESIDENCE_CARD, looked_at=application.stay is None))
    else:
        findings.append(Finding(Subject.RESIDENCE_CARD, tuple(_residence(application, facts, today))))
    return tuple(findings)


def _certificate(certificate: x509.Certificate, now: datetime) -> list[Violation]:
    end = certificate.not_valid_after_utc
    day = end.astimezone(TOKYO).date()
    if now > end:
        return [error("ready/certificate-expired", "", day=day)]
    if now < certificate.not_valid_before_utc:
        return [error("ready/certificate-not-yet", "")]
    return [warning("ready/certificate-ends-soon", "", day=day)] if now + SOON > end else []


def _pin(status: PinStatus | None) -> tuple[Violation, ...]:
    match status:
        case Blocked():
            return (error("ready/pin-blocked", ""),)
        case TriesLeft(count=1):
            return (warning("ready/pin-last-try", ""),)
        case TriesUnknown():
            return (warning("ready/pin-unknown", ""),)
        case _:
            return ()


def _residence(application: Application, facts: ResidenceFacts, today: date) -> list[Violation]:
    violations = list[Violation]()
    stay = application.stay
    if stay is not None and facts.number is not None and stay.card_number != facts.number:
        violations.append(error("ready/other-card-number", "/stay/card_number"))
    if stay is not None and facts.stay_expires is not None and stay.expires != facts.stay_expires:
        violations.append(error("ready/other-end-of-stay", "/stay/expires"))
    if facts.birth_date is not None and application.person.birth_date != facts.birth_date:
        violations.append(error("ready/other-birth-date", "/person/birth_date"))
    if facts.card_expires is not None and facts.card_expires < today:
        violations.append(warning("ready/card-expired", "", day=facts.card_expires))
    if facts.extension_pending:
        violations.append(warning("ready/extension-pending", ""))
    return violations
