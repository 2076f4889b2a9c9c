"""Cards under test: made by words, counted, asked what they remember."""

from __future__ import annotations

import pytest

from mynacard import errors, unlocked_residence_card
from mynacard.jpki import DIGITAL_SIGNATURE, USER_AUTHENTICATION, JpkiSession
from mynacard.residence import CardNumber, ResidenceCard
from mynacard.simulator import PERSONAS
from mynacard.simulator.residence import RESIDENCE_PERSONAS, SIMULATED_CARD_NUMBER
from mynacard.testing import CardOptions, CardUnderTest, count


@pytest.fixture
def card() -> CardUnderTest:
    return CardOptions().make()


def test_commands_are_counted_while_the_with_lasts(card: CardUnderTest) -> None:
    session = JpkiSession(card)
    with count(card) as apdus:
        assert apdus.total == 0
        session.pin_status(USER_AUTHENTICATION)
        assert (apdus.total, apdus.pins) == (1, 0)
        session.verify(DIGITAL_SIGNATURE, "ABC123")
    session.sign(b"an application")
    assert repr(apdus) == f"Count(total={apdus.total}, pins=1)"
    assert apdus.total < card.tally.apdus


def test_the_count_ends_with_an_error_too(card: CardUnderTest) -> None:
    session = JpkiSession(card)
    with pytest.raises(errors.PinIncorrect), count(card) as apdus:
        session.verify(USER_AUTHENTICATION, "0000")
    assert apdus.pins == 1
    assert (card.tries_left(USER_AUTHENTICATION), card.tries_left(DIGITAL_SIGNATURE)) == (2, 5)


def test_what_a_fault_answers_is_counted_too() -> None:
    card = CardOptions(faults=["status=6F00@1"]).make()
    JpkiSession(card)
    assert card.tally.apdus == 2


def test_a_reader_gets_the_same_card_without_faults_and_the_same_count() -> None:
    card = CardOptions(faults=["status=6F00@1"]).make()
    plain = card.without_faults
    assert plain.power_on() == plain.atr == plain.reset() == card.atr
    JpkiSession(plain)
    plain.power_off()
    assert card.tally.apdus == 1


def test_a_fault_of_readers_wants_a_reader() -> None:
    card = CardOptions(faults=["reset@1"]).make()
    with pytest.raises(errors.UsageError, match="needs a reader"):
        JpkiSession(card)


def test_power_reaches_the_card_and_its_faults(card: CardUnderTest) -> None:
    JpkiSession(card).verify(USER_AUTHENTICATION, "1234")
    assert card.card.state.verified
    card.power_off()
    assert not card.card.state.verified
    assert card.power_on() == card.atr


@pytest.mark.parametrize("name", PERSONAS)
def test_every_persona_is_a_card(name: str) -> None:
    JpkiSession(CardOptions(persona=name).make())


@pytest.mark.parametrize("name", RESIDENCE_PERSONAS)
def test_a_residence_card_is_a_card_too_and_its_number_is_counted_as_a_secret(name: str) -> None:
    card = CardOptions(persona=name).make()
    with count(card) as apdus:
        unlocked_residence_card(card, CardNumber(SIMULATED_CARD_NUMBER))
    assert (apdus.total, apdus.pins) == (5, 2)
    with pytest.raises(errors.UsageError):
        card.tries_left(USER_AUTHENTICATION)


def test_faults_come_at_residence_cards_too() -> None:
    with pytest.raises(errors.CardRemovedError):
        ResidenceCard(CardOptions(persona="residence-2-mid-term", faults=["removed-during@2"]).make())


def test_a_foreign_signature_needs_nothing_more() -> None:
    session = JpkiSession(CardOptions(faults=["foreign-signature@1"]).make())
    session.verify(DIGITAL_SIGNATURE, "ABC123")
    with pytest.raises(errors.SignatureMismatchError):
        session.sign(b"an application")


@pytest.mark.parametrize(
    ("options", "error"),
    [
        (CardOptions(persona="nobody"), errors.UsageError),
        (CardOptions(personality="odd"), errors.UsageError),
        (CardOptions(pins={"signing": "ABC123"}), errors.UsageError),
        (CardOptions(pins={"user-authentication": "12345"}), errors.PinFormError),
        (CardOptions(faults=["nothing"]), errors.UsageError),
        (CardOptions(timing="slow"), errors.UsageError),
    ],
)
def test_words_that_mean_nothing_are_refused(options: CardOptions, error: type[errors.MynacardError]) -> None:
    with pytest.raises(error):
        options.make()


def test_pins_are_not_printed() -> None:
    assert "9999" not in repr(CardOptions(pins={"user-authentication": "9999"}))
