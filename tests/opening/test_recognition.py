"""Each card is recognised for what it is, and by what it gives without a PIN."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from mynacard import DIGITAL_SIGNATURE, USER_AUTHENTICATION, errors
from mynacard.apdu import TriesLeft
from mynacard.apdu.channel import Channel
from mynacard.doors.disk import new_card
from mynacard.jpki import KEY_PAIRS, JpkiSession, Medium
from mynacard.opening.recognition import (
    RecognisedIndividualNumberCard,
    RecognisedResidenceCard,
    recognise,
    recognised_session,
)
from mynacard.residence import ResidenceCard
from mynacard.simulator import PERSONAS
from mynacard.simulator.residence import RESIDENCE_PERSONAS
from tests.support import Answer, CardThat


def persona_card(name: str) -> CardThat:
    """A fresh card of this kind, which keeps the commands that it was sent."""
    persona = PERSONAS[name] if name in PERSONAS else RESIDENCE_PERSONAS[name]
    return CardThat(new_card(persona=persona).transmit)


def individual(card: CardThat) -> RecognisedIndividualNumberCard:
    recognised = recognise(Channel(card))
    assert isinstance(recognised, RecognisedIndividualNumberCard)
    return recognised


def test_an_individual_number_card_gives_all_of_this_without_a_pin() -> None:
    card = persona_card("mid-term-resident")
    recognised = individual(card)
    assert recognised.token.medium is Medium.CARD
    assert recognised.applications == ("text", "card-face", "common", "resident-register")
    assert recognised.pins == {USER_AUTHENTICATION: TriesLeft(3), DIGITAL_SIGNATURE: TriesLeft(5)}
    assert recognised.expiry is not None
    assert recognised.certificate_der is not None
    assert list(recognised.ca_certificates_der) == list(KEY_PAIRS)
    assert not recognised.specified
    assert len(card.sent) <= 17
    assert card.verifies == []


@pytest.mark.parametrize("name", sorted(PERSONAS))
def test_what_is_present_is_told_of_each(name: str) -> None:
    recognised = individual(persona_card(name))
    present = [pair for pair in KEY_PAIRS if recognised.certificates.of(pair)]
    assert [pair.name for pair in present] == [
        pair.name for pair in KEY_PAIRS if pair.name in PERSONAS[name].certificates
    ]
    assert list(recognised.ca_certificates_der) == present
    assert recognised.specified is (name == "specified-residence-card")


def test_a_phone_has_jpki_only_and_guards_its_certificate() -> None:
    recognised = individual(persona_card("android-phone"))
    assert recognised.token.medium is Medium.ANDROID_PHONE
    assert (recognised.applications, recognised.expiry, recognised.certificate_der) == ((), None, None)


def test_a_pin_that_is_not_there_is_the_card_s_refusal() -> None:
    recognised = individual(persona_card("pin-less"))
    assert all(isinstance(status, errors.PinAbsent) for status in recognised.pins.values())


def test_a_certificate_that_is_said_to_be_present_and_is_not_keeps_nothing_else_back() -> None:
    card = persona_card("mid-term-resident")
    absent = {pair.ca_certificate for pair in KEY_PAIRS} | {USER_AUTHENTICATION.certificate}

    def answer(command: bytes) -> Answer:
        reads = command[1] == 0xB0 and command[2] & 0x1F in absent
        return "6A82" if reads or command[1:4] == b"\xa4\x02\x0c" else card.transmit(command)

    recognised = individual(CardThat(answer))
    assert (recognised.certificate_der, recognised.ca_certificates_der) == (None, {})
    assert recognised.pins == {USER_AUTHENTICATION: TriesLeft(3), DIGITAL_SIGNATURE: TriesLeft(5)}


def test_a_damaged_record_keeps_nothing_else_back() -> None:
    card = persona_card("mid-term-resident")
    damaged = CardThat(lambda command: "011C6E6F9000" if command[1] == 0xB2 else card.transmit(command))
    recognised = individual(damaged)
    assert recognised.expiry is None
    assert "common" in recognised.applications


@pytest.mark.parametrize("name", sorted(RESIDENCE_PERSONAS))
def test_a_residence_card_is_told_by_its_type(name: str) -> None:
    type_ = RESIDENCE_PERSONAS[name].type
    assert recognise(Channel(persona_card(name))) == RecognisedResidenceCard(type_, f"000{type_.generation}")


def test_a_residence_card_with_an_unreadable_version_is_another_card() -> None:
    card = persona_card("residence-1-mid-term")
    recognised_session(Channel(card))
    count, again = len(card.sent), persona_card("residence-1-mid-term")
    damaged = CardThat(lambda command: again.transmit(command) if len(damaged.sent) <= count else "9000")
    with pytest.raises(errors.ApplicationNotFound, match="JPKI"):
        recognise(Channel(damaged))


def test_a_residence_card_s_session_is_its_own() -> None:
    assert isinstance(recognised_session(Channel(persona_card("residence-1-mid-term"))), ResidenceCard)


@pytest.mark.parametrize("ask", [recognise, recognised_session])
def test_a_card_of_another_kind_has_no_jpki(ask: Callable[[Channel], object]) -> None:
    with pytest.raises(errors.ApplicationNotFound, match="JPKI"):
        ask(Channel(CardThat(lambda _: "6A82")))


def test_a_session_costs_one_apdu_where_jpki_is() -> None:
    card = persona_card("specified-residence-card")
    assert isinstance(recognised_session(Channel(card)), JpkiSession)
    assert len(card.sent) == 1
