"""Two phases on one connection: the tries are asked, then the holder, and only then the PIN is presented."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator

import pytest

from mynacard import errors, opening
from mynacard.apdu.message import Card
from mynacard.apdu.pins import TriesLeft
from mynacard.doors import disk
from mynacard.jpki import DIGITAL_SIGNATURE, USER_AUTHENTICATION, JpkiSession
from mynacard.jpki.layout import KeyPair
from mynacard.opening.pins import PinRequest, pin_from_descriptor, verified_application, verified_session
from mynacard.personal import TEXT_PIN, FaceSession, TextSession
from mynacard.personal.layout import BIRTH_DATE
from mynacard.pin import Pin
from mynacard.simulator import SimulatedCard
from tests.readers.fake_scard import Desk, desk_with
from tests.support import CANARY, leaks

PASSWORD = "KANARIE73"
PINS = {USER_AUTHENTICATION.name: CANARY, DIGITAL_SIGNATURE.name: PASSWORD}


@pytest.fixture
def card() -> SimulatedCard:
    return disk.new_card(pins=PINS)


@pytest.fixture
def desk(card: SimulatedCard, monkeypatch: pytest.MonkeyPatch) -> Iterator[Desk]:
    """The card on the one reader."""
    yield (made := desk_with(card, monkeypatch))
    assert made.nothing_is_open
    assert not card.state.verified


class Holder:
    """Somebody who is asked for a PIN, and notes how the desk is meanwhile."""

    def __init__(self, desk: Desk, secret: str = CANARY, meanwhile: Callable[[], object] = lambda: None) -> None:
        self._desk = desk
        self._secret = secret
        self._meanwhile = meanwhile
        self.requests: list[PinRequest] = []

    def __call__(self, request: PinRequest, /) -> Pin:
        self.requests.append(request)
        assert self._desk.transaction is None, "nobody types in a transaction"
        assert len(self._desk.connections) == 1, "the connection stays"
        self._meanwhile()
        return Pin(self._secret)


def test_the_holder_is_told_what_for_and_how_many_tries_are_left(desk: Desk) -> None:
    holder = Holder(desk)
    with verified_session(USER_AUTHENTICATION, holder, purpose="Logs in to a portal.", signatures=2) as session:
        session.authenticate("https://portal.example", "A" * 44)
    assert holder.requests == [PinRequest(USER_AUTHENTICATION.pin, TriesLeft(3), "Logs in to a portal.", 2)]
    assert desk.calls.count("SCardConnect") == 1
    assert desk.calls.count("SCardBeginTransaction") == 2


@pytest.mark.parametrize(("pair", "secret"), [(USER_AUTHENTICATION, CANARY), (DIGITAL_SIGNATURE, PASSWORD)])
def test_asking_costs_three_apdus_more_than_a_pin_that_is_there(desk: Desk, pair: KeyPair, secret: str) -> None:
    counts: list[int] = []
    for pin in (Pin(secret), Holder(desk, secret)):
        before = len(desk.transmitted)
        with verified_session(pair, pin) as session:
            session.certificate_der(pair)
        counts.append(len(desk.transmitted) - before)
    assert counts[1] == counts[0] + 3


@pytest.mark.parametrize(("left", "kind"), [(1, errors.LastTryError), (0, errors.PinBlocked)])
def test_nobody_is_asked_for_what_would_not_be_sent(
    desk: Desk, card: SimulatedCard, left: int, kind: type[errors.MynacardError]
) -> None:
    for memory in card.pins.values():
        memory.tries_left = left
    holder = Holder(desk)
    with pytest.raises(kind), verified_session(USER_AUTHENTICATION, holder):
        pytest.fail("verified")
    assert holder.requests == []
    assert desk.verifies == []


def test_the_last_try_is_spent_by_who_says_so(desk: Desk, card: SimulatedCard) -> None:
    for memory in card.pins.values():
        memory.tries_left = 1
    with verified_session(USER_AUTHENTICATION, Holder(desk), spend_last_try=True):
        assert card.state.verified


def test_a_wrong_pin_is_sent_once_and_nobody_is_asked_again(desk: Desk) -> None:
    holder = Holder(desk, "0000")
    with pytest.raises(errors.PinIncorrect), verified_session(USER_AUTHENTICATION, holder):
        pytest.fail("verified")
    assert (len(holder.requests), len(desk.verifies)) == (1, 1)


@pytest.mark.parametrize("code", [0x80100068, 0x80100069], ids=["reset", "removed"])
def test_a_card_that_was_reset_or_removed_while_somebody_typed_gets_no_pin(desk: Desk, code: int) -> None:
    holder = Holder(desk, meanwhile=lambda: desk.fail("SCardBeginTransaction", code))
    with pytest.raises(errors.CardLostError), verified_session(USER_AUTHENTICATION, holder):
        pytest.fail("verified")
    assert desk.verifies == []
    assert desk.calls.count("SCardConnect") == 1


def test_tries_that_went_while_somebody_typed_are_seen(desk: Desk, card: SimulatedCard) -> None:
    def spend() -> None:
        for memory in card.pins.values():
            memory.tries_left = 1

    with pytest.raises(errors.LastTryError), verified_session(USER_AUTHENTICATION, Holder(desk, meanwhile=spend)):
        pytest.fail("verified")
    assert desk.verifies == []


def test_a_holder_who_declines_has_sent_nothing(desk: Desk) -> None:
    def decline() -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt), verified_session(USER_AUTHENTICATION, Holder(desk, meanwhile=decline)):
        pytest.fail("verified")
    assert desk.verifies == []


def test_small_letters_are_turned_into_capitals_on_request(desk: Desk) -> None:
    with verified_session(DIGITAL_SIGNATURE, Holder(desk, PASSWORD.lower()), upper_case=True) as session:
        assert len(session.sign(b"a document")) == 256


def test_a_session_of_the_first_phase_is_over_in_the_second(desk: Desk) -> None:
    sessions: list[JpkiSession] = []
    with opening.connect_card() as connection:
        with connection.transaction() as channel:
            sessions.append(JpkiSession(channel))
        with connection.transaction(), pytest.raises(errors.SessionEndedError):
            sessions[0].token_info()


def test_a_card_around_the_card_sees_both_phases(desk: Desk) -> None:
    seen: list[bytes] = []

    class Around:
        def __init__(self, card: Card) -> None:
            self._card = card

        def transmit(self, command: bytes, /) -> bytes:
            seen.append(command)
            return self._card.transmit(command)

    with verified_session(USER_AUTHENTICATION, Holder(desk), around=Around):
        pass
    assert seen == desk.transmitted[: len(seen)]
    assert len(desk.transmitted) == len(seen) + 1, "the log-out is the connection's own"


def test_the_error_of_a_refused_pin_shows_none(desk: Desk) -> None:
    with pytest.raises(errors.PinFormError) as raised, verified_session(USER_AUTHENTICATION, Holder(desk, PASSWORD)):
        pytest.fail("verified")
    assert not leaks(raised.value, PASSWORD)
    assert desk.verifies == []


def test_a_simulated_card_is_asked_alike() -> None:
    requests: list[PinRequest] = []

    def holder(request: PinRequest, /) -> Pin:
        requests.append(request)
        return Pin("ABC123")

    with verified_session(DIGITAL_SIGNATURE, holder, name="sim:") as session:
        assert len(session.sign(b"a document")) == 256
    assert [request.status for request in requests] == [TriesLeft(5)]


@pytest.mark.parametrize("line", [b"1234", b"1234\n", b"1234\r\n", b"1234\nmore\n"])
def test_a_pin_comes_from_a_descriptor_that_stays_open(line: bytes) -> None:
    reading, writing = os.pipe()
    os.write(writing, line)
    os.close(writing)
    try:
        assert pin_from_descriptor(reading) == Pin("1234")
        os.fstat(reading)
    finally:
        os.close(reading)


# --- the card's other applications -------------------------------------------------------------------------


def test_another_application_is_entered_in_the_same_way(desk: Desk) -> None:
    holder = Holder(desk, "1234")
    with verified_application(TextSession, TEXT_PIN, holder, purpose="Reads a name.") as session:
        assert session.attributes().name
    assert holder.requests == [PinRequest(TEXT_PIN, TriesLeft(3), "Reads a name.", 0)]
    assert desk.calls.count("SCardBeginTransaction") == 2


def test_what_is_free_is_read_before_the_pin(desk: Desk) -> None:
    with verified_application(TextSession, TEXT_PIN, Pin("1234"), before=TextSession.certificate):
        pass
    assert [command[1] for command in desk.transmitted] == [0xA4, 0xB0, 0x20, 0x20, 0xA4]


@pytest.mark.parametrize(("left", "kind"), [(1, errors.LastTryError), (0, errors.PinBlocked)])
def test_nor_is_anybody_asked_for_a_number_that_would_not_be_sent(
    desk: Desk, card: SimulatedCard, left: int, kind: type[errors.MynacardError]
) -> None:
    card.pins[FaceSession.application.df_name, BIRTH_DATE.key].tries_left = left
    holder = Holder(desk, "020401")
    with pytest.raises(kind), verified_application(FaceSession, BIRTH_DATE, holder):
        pytest.fail("verified")
    assert holder.requests == []
    assert desk.verifies == []


@pytest.mark.parametrize("code", [0x80100068, 0x80100069], ids=["reset", "removed"])
def test_nor_does_a_card_that_went_away_meanwhile_get_one(desk: Desk, code: int) -> None:
    holder = Holder(desk, "1234", meanwhile=lambda: desk.fail("SCardBeginTransaction", code))
    with pytest.raises(errors.CardLostError), verified_application(TextSession, TEXT_PIN, holder):
        pytest.fail("verified")
    assert desk.verifies == []
