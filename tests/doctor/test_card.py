"""Each state that a card can tell of is made, and found; no try is spent for it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime, timedelta

import pytest

from mynacard import DIGITAL_SIGNATURE, USER_AUTHENTICATION, JpkiSession, errors
from mynacard.apdu.channel import Channel
from mynacard.apdu.message import Card
from mynacard.doctor import Finding
from mynacard.doctor.card import findings_of_card
from mynacard.doors import disk
from mynacard.simulator import SimulatedCard
from mynacard.simulator.individual.persona import PERSONAS
from mynacard.trust import load_certificate
from tests.support import CardThat, ScriptedCard

WHERE = {"reader": "R"}


def found(card: Card, now: datetime | None = None) -> Iterator[Finding]:
    return findings_of_card(Channel(card), WHERE, now or datetime.now(UTC))


def codes(card: Card, now: datetime | None = None) -> list[str]:
    """What is found after which card it is."""
    first, *rest = [finding.code for finding in found(card, now)]
    assert first == "card/jpki"
    return rest


PRESENT = "certificate/present"
GOOD = ["pin/good", "pin/good"]


@pytest.mark.parametrize(
    ("persona", "expected"),
    [
        ("mid-term-resident", ["certificate/valid", PRESENT, *GOOD]),
        ("under-15", ["certificate/valid", "certificate/absent", "pin/good"]),
        ("pin-less", ["certificate/valid", "certificate/absent", "pin/not-set"]),
        ("missing-certificate", ["certificate/valid", "certificate/absent", *GOOD]),
        ("blocked-pins", ["certificate/valid", PRESENT, "pin/blocked", "pin/blocked"]),
        ("expired", ["certificate/expired", PRESENT, *GOOD]),
        ("not-yet-valid", ["certificate/not-yet-valid", PRESENT, *GOOD]),
        ("android-phone", [PRESENT, PRESENT, *GOOD]),
        ("specified-residence-card", ["certificate/valid", PRESENT, *GOOD]),
    ],
)
def test_each_kind_of_card_is_told(persona: str, expected: list[str]) -> None:
    assert codes(disk.new_card(persona=PERSONAS[persona])) == expected


@pytest.mark.parametrize(
    ("left", "code"),
    [
        (timedelta(days=90, seconds=1), "certificate/valid"),
        (timedelta(days=90), "certificate/ends-in-90-days"),
        (timedelta(days=30, seconds=1), "certificate/ends-in-90-days"),
        (timedelta(days=30), "certificate/ends-in-30-days"),
        (timedelta(0), "certificate/ends-in-30-days"),
        (timedelta(seconds=-1), "certificate/expired"),
    ],
)
def test_the_end_of_a_certificate_is_told_before_it_comes(card: SimulatedCard, left: timedelta, code: str) -> None:
    certificate = load_certificate(JpkiSession(card).certificate_der(USER_AUTHENTICATION))
    now = certificate.not_valid_after_utc - left
    assert codes(card, now)[0] == code
    for finding in found(card, now):
        assert str(certificate.not_valid_after_utc.year) not in finding.cause() + finding.cure()


@pytest.mark.parametrize(
    ("wrong", "code", "said"),
    [(1, "pin/fewer-tries", "4 of 5 tries"), (3, "pin/fewer-tries", "2 of 5 tries"), (4, "pin/last-try", "One try")],
)
def test_tries_that_are_spent_are_told(card: SimulatedCard, wrong: int, code: str, said: str) -> None:
    for _ in range(wrong):
        with suppress(errors.PinIncorrect):
            JpkiSession(card).verify(DIGITAL_SIGNATURE, "WRONG0")
    *_, finding = found(card)
    assert finding.code == code
    assert said in finding.cause()
    assert "digital-signature password" in finding.cause()


@pytest.mark.parametrize(
    ("answer", "code"),
    [("6300", "pin/tries-unknown"), ("9000", "pin/open"), ("6985", "pin/untold"), ("6983", "pin/blocked")],
)
def test_what_a_card_may_say_of_a_pin_is_told(card: SimulatedCard, answer: str, code: str) -> None:
    said = CardThat(lambda command: answer if command[1] == 0x20 else card.transmit(command))
    assert codes(said)[2:] == [code, code]


@pytest.mark.parametrize("answer", ["010203049000", "3080019000", "6281"], ids=["no DER", "no length", "damaged"])
def test_a_certificate_that_is_none_is_told_and_the_pins_nevertheless(card: SimulatedCard, answer: str) -> None:
    said = CardThat(lambda command: answer if command[1:3] in (b"\xb0\x8a", b"\xb0\0") else card.transmit(command))
    assert codes(said) == ["certificate/unreadable", PRESENT, *GOOD]


def test_it_takes_seven_apdus_and_no_try(card: SimulatedCard) -> None:
    asked = CardThat(card.transmit)
    assert codes(asked) == ["certificate/valid", PRESENT, *GOOD]
    assert asked.verifies == []
    assert [command[1] for command in asked.sent] == [0xA4, 0xB0, 0xB0, 0xB0, 0xB0, 0x20, 0x20]


def test_a_card_of_another_kind_is_told() -> None:
    (finding,) = found(CardThat(lambda _: "6A82"))
    assert (finding.code, finding.details) == ("card/other", WHERE)


@pytest.mark.parametrize(
    ("atr", "likely"),
    [
        ("3BE000FF8131FE4514", "older resident card"),
        ("3B888001000014E0B38191005E", "older resident card"),
        ("3B888001000000009181C100D8", "driving licence"),
        ("3BF59100FF918171FE4000420001B3C175", "driving licence"),
    ],
)
def test_an_answer_to_reset_is_a_hint_where_there_is_no_jpki_and_nowhere_else(atr: str, likely: str) -> None:
    other, wire = CardThat(lambda _: "6A82"), bytes.fromhex(atr)
    (finding,) = findings_of_card(Channel(other), WHERE, datetime.now(UTC), wire)
    assert finding.code == "card/likely"
    assert likely in finding.cause()
    first, *_ = findings_of_card(Channel(disk.new_card()), WHERE, datetime.now(UTC), wire)
    assert first.code == "card/jpki"


@pytest.mark.parametrize("atr", ["", "3B888001000005E0B381A1007F", "3BF59100FF918171FE4000420001B3A115"])
def test_another_answer_to_reset_hints_at_nothing(atr: str) -> None:
    other = CardThat(lambda _: "6A82")
    (finding,) = findings_of_card(Channel(other), WHERE, datetime.now(UTC), bytes.fromhex(atr))
    assert finding.code == "card/other"


def test_a_card_that_leaves_is_not_explained_away() -> None:
    gone = ScriptedCard([("00A4040C0AD392F000260100000001", errors.CardRemovedError("It left."))])
    with pytest.raises(errors.CardRemovedError):
        list(found(gone))
