"""Whether somebody can hand in an application now: what they need to know before the last step and not at it."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import Final, Self

from cryptography import x509

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

__all__ = ["Cards", "Finding", "Subject", "looked_at", "readiness"]

SOON: Final = timedelta(days=14)
"""A certificate that ends sooner may not see the answer: a choice, no rule is known."""


class Subject(StrEnum):
    """What was looked at."""

    APPLICATION = "application"
    AUTHENTICATION_CERTIFICATE = "user-authentication certificate"
    SIGNING_CERTIFICATE = "signing certificate"
    PIN = "PIN"
    PASSWORD = "password"
    RESIDENCE_CARD = "residence card"
    FILES = "files"


@dataclass(frozen=True, slots=True)
class Cards:
    """What was read of the cards; None: not looked at.

    Attributes:
        authentication: the user-authentication certificate.
        signing: the signing certificate, which opens with the password.
        absent: which of the certificates the card does not have, as far as anybody may see it.
        pins: of the two keys, by :class:`Subject`.
        residence: of the residence card.
    """

    authentication: x509.Certificate | None = None
    signing: x509.Certificate | None = None
    absent: frozenset[Subject] = frozenset()
    pins: Mapping[Subject, PinStatus] | None = None
    residence: ResidenceFacts | None = None

    @classmethod
    def of_files(cls, signing: bytes | None, residence: CardFiles | None) -> Self:
        """What files say that were read of the cards before.

        Args:
            signing: the signing certificate, PEM or DER.
            residence: of the residence card.

        Raises:
            CertificateFileError: *signing* is not a certificate.
            CardDataError, UsageError: as :func:`mynacard.residence.contents_of`.
        """
        return cls(
            signing=None if signing is None else load_certificate(signing),
            residence=None if residence is None else facts_of(contents_of(residence)),
        )


def looked_at(cards: Cards, session: JpkiSession) -> Cards:
    """*cards*, with what the card of *session* tells without a PIN. No try is spent.

    Raises:
        CardError, ReaderError: as the session does.
        CertificateFileError: the user-authentication certificate is not a certificate.
    """
    present = session.certificates_present()
    there = {
        Subject.AUTHENTICATION_CERTIFICATE: present.user_authentication,
        Subject.SIGNING_CERTIFICATE: present.digital_signature,
    }
    certificate = None
    if present.user_authentication:
        certificate = load_certificate(session.certificate_der(USER_AUTHENTICATION))
    absent = frozenset(subject for subject, is_there in there.items() if not is_there)
    return replace(cards, authentication=certificate, absent=absent, pins=_pin_statuses(session))


def _pin_statuses(session: JpkiSession) -> dict[Subject, PinStatus]:
    pins = dict[Subject, PinStatus]()
    for subject, pair in ((Subject.PIN, USER_AUTHENTICATION), (Subject.PASSWORD, DIGITAL_SIGNATURE)):
        with suppress(FileNotFound):  # a child's card has no password, a card for somebody known by face no PIN
            pins[subject] = session.pin_status(pair)
    return pins


@dataclass(frozen=True, slots=True)
class Finding:
    """What was found of one thing: nothing, and it is in order; or what is wrong. *looked_at*: whether it was there."""

    subject: Subject
    violations: tuple[Violation, ...] = ()
    looked_at: bool = True

    @property
    def is_ready(self) -> bool:
        """Whether nothing of it stops the application. What was not looked at is not ready."""
        return self.looked_at and checking.is_acceptable(self.violations)


def readiness(application: Application, cards: Cards, rules_: Rules, *, now: datetime) -> tuple[Finding, ...]:
    """One finding for each thing that an application in person needs; for other actors the application alone.

    Args:
        application: whole.
        cards: what was read of them.
        rules_: :func:`mynacard.submission.rules.current`, or another version.
        now: aware of its zone.
    """
    today = day_in_tokyo(now)
    found = [Finding(Subject.APPLICATION, checking.check(application, rules_, now=now))]
    if application.actor is not Actor.SELF:
        return tuple(found)
    for subject, certificate in (
        (Subject.AUTHENTICATION_CERTIFICATE, cards.authentication),
        (Subject.SIGNING_CERTIFICATE, cards.signing),
    ):
        if subject in cards.absent:
            found.append(Finding(subject, (error("ready/no-certificate", ""),)))
        elif certificate is None:
            found.append(Finding(subject, looked_at=False))
        else:
            compared = holder_match.compare(application.person, certificate) if certificate is cards.signing else []
            found.append(Finding(subject, (*_certificate(certificate, now), *compared)))
    for subject in (Subject.PIN, Subject.PASSWORD):
        status = (cards.pins or {}).get(subject)
        found.append(Finding(subject, _pin(status), looked_at=status is not None))
    facts = cards.residence
    if facts is None:
        found.append(Finding(Subject.RESIDENCE_CARD, looked_at=application.stay is None))
    else:
        found.append(Finding(Subject.RESIDENCE_CARD, tuple(_residence(application, facts, today))))
    return tuple(found)


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
    found = list[Violation]()
    stay = application.stay
    if stay is not None and facts.number is not None and stay.card_number != facts.number:
        found.append(error("ready/other-card-number", "/stay/card_number"))
    if stay is not None and facts.stay_expires is not None and stay.expires != facts.stay_expires:
        found.append(error("ready/other-end-of-stay", "/stay/expires"))
    if facts.birth_date is not None and application.person.birth_date != facts.birth_date:
        found.append(error("ready/other-birth-date", "/person/birth_date"))
    if facts.card_expires is not None and facts.card_expires < today:
        found.append(warning("ready/card-expired", "", day=facts.card_expires))
    if facts.extension_pending:
        found.append(warning("ready/extension-pending", ""))
    return found
