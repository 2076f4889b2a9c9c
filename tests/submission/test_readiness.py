"""Nobody finds out at the last step: certificates, PINs, residence card, and the form beside them."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest
from cryptography.hazmat.primitives.serialization import Encoding

from mynacard.apdu.pins import Blocked, PinStatus, TriesLeft, TriesUnknown, Verified
from mynacard.apdu.status import StatusWord
from mynacard.jpki import JpkiSession
from mynacard.opening import open_card
from mynacard.residence import contents_of
from mynacard.submission.draft import ResidenceFacts, facts_of
from mynacard.submission.messages import Severity, error, warning
from mynacard.submission.readiness import Cards, Finding, Subject, can_be_sent, looked_at, readiness
from mynacard.submission.rules import current
from tests.residence.cards import SECOND, files
from tests.signing.documents import CA
from tests.submission.applications import EXTENSION, NOW, application
from tests.submission.test_draft import certificate
from tests.trust.authorities import AUTHENTICATION, END, START, holder

ADDRESS = EXTENSION.person.address
assert ADDRESS is not None
SIGNING = certificate(address=ADDRESS.text)
LOG_IN = holder(CA, extensions=AUTHENTICATION)
PINS: dict[Subject, PinStatus] = {Subject.PIN: TriesLeft(3), Subject.PASSWORD: TriesLeft(5)}
RESIDENCE = ResidenceFacts("AB12345678CD", date(2026, 12, 31), date(2026, 12, 31), date(1990, 1, 31))
READY = Cards(LOG_IN, SIGNING, pins=PINS, residence=RESIDENCE)


SUBJECTS = set(Subject) - {Subject.FILES}


def found(cards: Cards, now: Any = NOW, asked: Any = EXTENSION) -> dict[Subject, Finding]:
    return {each.subject: each for each in readiness(asked, cards, current(), now=now)}


def test_who_has_everything_is_ready() -> None:
    findings = found(READY)
    assert set(findings) == set(Subject) - {Subject.FILES}, "which who has the files looks at"
    assert all(each.is_ready and not each.violations for each in findings.values())


def test_what_was_not_looked_at_is_not_ready() -> None:
    findings = found(Cards())
    assert {subject for subject, each in findings.items() if not each.looked_at} == SUBJECTS - {Subject.APPLICATION}
    assert not any(each.is_ready for subject, each in findings.items() if subject is not Subject.APPLICATION)


def test_only_an_error_keeps_an_application_from_being_sent() -> None:
    in_order = Finding(Subject.APPLICATION)
    not_seen = Finding(Subject.PIN, looked_at=False)
    last_try = Finding(Subject.PASSWORD, (warning("ready/pin-last-try", ""),))
    blocked = Finding(Subject.PASSWORD, (error("ready/pin-blocked", ""),))
    assert can_be_sent([in_order, not_seen, last_try])
    assert not can_be_sent([in_order, blocked])
    assert can_be_sent(found(READY).values())


def test_who_applies_for_another_needs_no_card_of_that_person() -> None:
    assert set(found(Cards(), asked=application(actor="professional"))) == {Subject.APPLICATION}


@pytest.mark.parametrize(
    ("change", "subject", "code", "severity"),
    [
        ({"absent": frozenset({Subject.SIGNING_CERTIFICATE}), "signing": None}, Subject.SIGNING_CERTIFICATE,
         "ready/no-certificate", Severity.ERROR),
        ({"pins": PINS | {Subject.PIN: Blocked(StatusWord(0x6984))}}, Subject.PIN, "ready/pin-blocked", Severity.ERROR),
        ({"pins": PINS | {Subject.PASSWORD: TriesLeft(1)}}, Subject.PASSWORD, "ready/pin-last-try", Severity.WARNING),
        ({"pins": PINS | {Subject.PIN: TriesUnknown()}}, Subject.PIN, "ready/pin-unknown", Severity.WARNING),
        ({"residence": replace(RESIDENCE, number="ZZ12345678CD")}, Subject.RESIDENCE_CARD, "ready/other-card-number",
         Severity.ERROR),
        ({"residence": replace(RESIDENCE, stay_expires=date(2027, 1, 1))}, Subject.RESIDENCE_CARD,
         "ready/other-end-of-stay", Severity.ERROR),
        ({"residence": replace(RESIDENCE, birth_date=date(1991, 1, 31))}, Subject.RESIDENCE_CARD,
         "ready/other-birth-date", Severity.ERROR),
        ({"residence": replace(RESIDENCE, card_expires=date(2026, 11, 23))}, Subject.RESIDENCE_CARD,
         "ready/card-expired", Severity.WARNING),
        ({"residence": replace(RESIDENCE, extension_pending=True)}, Subject.RESIDENCE_CARD, "ready/extension-pending",
         Severity.WARNING),
        ({"signing": certificate(born="319910131", address=ADDRESS.text)}, Subject.SIGNING_CERTIFICATE,
         "holder/birth-date-differs", Severity.ERROR),
    ],
)  # fmt: skip
def test_what_stands_in_the_way_is_told_where_it_is(
    change: dict[str, Any], subject: Subject, code: str, severity: Severity
) -> None:
    findings = found(replace(READY, **change))
    assert [(each.code, each.severity) for each in findings[subject].violations] == [(code, severity)]
    assert findings[subject].is_ready is (severity is Severity.WARNING)
    assert all(not each.violations for name, each in findings.items() if name is not subject)


@pytest.mark.parametrize(
    ("now", "codes"),
    [
        (START - timedelta(seconds=1), {"ready/certificate-not-yet"}),
        (START, set[str]()),
        (END - timedelta(days=14), set[str]()),
        (END - timedelta(days=14) + timedelta(seconds=1), {"ready/certificate-ends-soon"}),
        (END, {"ready/certificate-ends-soon"}),
        (END + timedelta(seconds=1), {"ready/certificate-expired"}),
    ],
)
def test_certificates_are_valid_long_enough(now: Any, codes: set[str]) -> None:
    findings = found(READY, now)
    for subject in (Subject.AUTHENTICATION_CERTIFICATE, Subject.SIGNING_CERTIFICATE):
        assert {each.code for each in findings[subject].violations} == codes


def test_a_verified_pin_is_none_to_worry_about() -> None:
    assert found(replace(READY, pins={Subject.PIN: Verified(), Subject.PASSWORD: Verified()}))[Subject.PIN].is_ready


@pytest.mark.parametrize(
    ("persona", "absent", "pins"),
    [
        ("mid-term-resident", set[Subject](), {Subject.PIN: TriesLeft(3), Subject.PASSWORD: TriesLeft(5)}),
        ("under-15", set[Subject]({Subject.SIGNING_CERTIFICATE}), {Subject.PIN: TriesLeft(3)}),
    ],
)
def test_a_card_tells_without_a_pin_what_it_has(
    persona: str, absent: set[Subject], pins: dict[Subject, PinStatus]
) -> None:
    with open_card(f"sim:@{persona}") as channel:
        cards = looked_at(Cards(residence=RESIDENCE), JpkiSession(channel))
    assert cards.authentication is not None
    assert (cards.absent, cards.pins, cards.signing, cards.residence) == (absent, pins, None, RESIDENCE)


def test_what_files_of_the_cards_say_is_the_same() -> None:
    signing = SIGNING.public_bytes(Encoding.PEM)
    cards = Cards.of_files(signing, files(SECOND))
    assert (cards.signing, cards.authentication) == (SIGNING, None)
    assert cards.residence == facts_of(contents_of(files(SECOND)))
    assert Cards.of_files(None, None) == Cards()
