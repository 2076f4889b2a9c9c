"""Which card a name means, and in what state it is left."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from pathlib import Path

import pytest

from mynacard import errors
from mynacard import readers as readers_room
from mynacard.apdu import Channel, TriesLeft
from mynacard.apdu.channel import CardProfile
from mynacard.apdu.message import Card
from mynacard.doors import disk, new_cards
from mynacard.jpki import DIGITAL_SIGNATURE, USER_AUTHENTICATION, JpkiSession
from mynacard.opening import choose_reader, open_card
from mynacard.opening.card_numbers import opened_residence_card, unlocked_residence_card
from mynacard.readers import Deadlines, ReaderState
from mynacard.residence import CardNumber, CardType, ResidenceCard
from mynacard.simulator import Personality, SecurityState, SimulatedCard, Traits
from mynacard.simulator.residence import RESIDENCE_PERSONAS
from tests.support import CardThat

LOG_OUT = bytes.fromhex("00A4040C07A0000001510000")


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    path = tmp_path_factory.mktemp("card") / "card.json"
    disk.create_file(path)
    return path.read_bytes()


@pytest.fixture
def path(tmp_path: Path, template: bytes) -> Path:
    file = tmp_path / "card.json"
    file.write_bytes(template)
    return file


@pytest.fixture
def card(monkeypatch: pytest.MonkeyPatch) -> SimulatedCard:
    """The card that ``sim:`` opens; one that keeps its login over whatever lets it."""
    made = disk.new_card(Traits(Personality.OBSERVED))
    monkeypatch.setattr(new_cards, "new_card", lambda: made)
    return made


def test_a_persona_s_name_is_a_card(monkeypatch: pytest.MonkeyPatch) -> None:
    with open_card("sim:@android-phone") as card:
        assert JpkiSession(card).token_info().medium is not None
    with open_card("sim:@residence-2-mid-term") as card:
        assert ResidenceCard(card).type.generation == 2
    with pytest.raises(errors.UsageError, match="nobody"), open_card("sim:@nobody"):
        pass


@pytest.mark.parametrize("name", ["residence-1-mid-term", "residence-2-mid-term"])
def test_a_residence_card_in_memory_is_opened_with_its_number_and_nothing_else(name: str) -> None:
    card = unlocked_residence_card(new_cards.new_card(persona=RESIDENCE_PERSONAS[name]), CardNumber("AB12345678CD"))
    assert card.read().missing == ()
    with pytest.raises(errors.CardNumberIncorrect):
        unlocked_residence_card(new_cards.new_card(persona=RESIDENCE_PERSONAS[name]), CardNumber("AB12345678CE"))


def test_the_power_of_a_residence_card_goes_once_its_number_was_shown() -> None:
    made = disk.new_card(Traits(Personality.OBSERVED), persona=RESIDENCE_PERSONAS["residence-1-mid-term"])
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(new_cards, "new_card", lambda **_: made)
        with opened_residence_card(CardNumber("AB12345678CD"), name="sim:@residence-1-mid-term") as card:
            assert made.state.number_presented
            assert card.read().missing == ()
    assert not made.state.number_presented
    assert made.state.session is None


def test_a_wrong_number_ends_in_a_card_without_power() -> None:
    made = disk.new_card(Traits(Personality.OBSERVED), persona=RESIDENCE_PERSONAS["residence-1-mid-term"])
    sent: list[bytes] = []

    def asked(card: CardType) -> CardNumber:
        assert card is CardType.RESIDENCE_CARD
        assert len(sent) == 2
        return CardNumber("AB12345678CE")

    class Seen:
        def __init__(self, card: Card) -> None:
            self._card = card

        def transmit(self, command: bytes, /) -> bytes:
            sent.append(command)
            return self._card.transmit(command)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(new_cards, "new_card", lambda **_: made)
        with (
            pytest.raises(errors.CardNumberIncorrect),
            opened_residence_card(asked, name="sim:@residence-1-mid-term", around=Seen),
        ):
            pass
    assert [wire[1] for wire in sent] == [0xA4, 0xB0, 0xA4, 0xB0, 0x84, 0x82]
    assert made.state.session is None


@pytest.fixture
def readers(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Two readers, of which one holds a card; and the names of those that were opened."""
    opened: list[str] = []

    class Opened(CardThat):
        card_profile = CardProfile()

        def transaction(self) -> AbstractContextManager[None]:
            return nullcontext()

    @contextmanager
    def connect(name: str, deadlines: Deadlines) -> Iterator[Card]:
        opened.append(name)
        yield Opened(lambda _: "9000")

    states = (ReaderState("Alpha 00 00"), ReaderState("Beta 01 00", card_present=True))
    monkeypatch.setattr(readers_room, "list_readers", lambda deadlines: states)
    monkeypatch.setattr(readers_room, "ReaderCard", connect)
    return opened


# --- which card ------------------------------------------------------------------------------------------


def test_sim_is_a_fresh_card() -> None:
    for _ in range(2):
        with open_card("sim:") as channel:
            assert isinstance(channel, Channel)
            session = JpkiSession(channel)
            assert session.pin_status(USER_AUTHENTICATION) == TriesLeft(3)
            with pytest.raises(errors.PinIncorrect):
                session.verify(USER_AUTHENTICATION, "0000")


def test_sim_and_a_path_is_the_card_in_that_file(path: Path) -> None:
    for left in (2, 1):
        with open_card(f"sim:{path}") as channel, pytest.raises(errors.PinIncorrect) as caught:
            JpkiSession(channel).verify(USER_AUTHENTICATION, "0000")
        assert caught.value.tries_left == left


def test_a_path_that_is_no_card_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(errors.CardFileError), open_card(f"sim:{tmp_path / 'none'}"):
        pass


def test_the_environment_names_the_card(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MYNACARD_READER", f"sim:{path}")
    with open_card() as channel:
        JpkiSession(channel).verify(USER_AUTHENTICATION, "1234")


def test_a_name_comes_before_the_environment(readers: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MYNACARD_READER", "Alpha")
    with open_card("Beta"):
        pass
    with open_card():
        pass
    assert readers == ["Beta 01 00", "Alpha 00 00"]


def test_without_any_name_it_is_the_reader_with_a_card(readers: list[str]) -> None:
    with open_card():
        pass
    assert readers == ["Beta 01 00"]


@pytest.mark.parametrize("name", ["Gamma", "si", "SIM:"])
def test_only_sim_means_a_simulated_card(readers: list[str], name: str) -> None:
    with pytest.raises(errors.ReaderNotFoundError), open_card(name):
        pass
    assert readers == []


def test_a_card_may_be_put_around_the_card() -> None:
    seen: list[CardThat] = []

    def around(card: Card) -> Card:
        seen.append(CardThat(card.transmit))
        return seen[-1]

    with open_card("sim:", around=around) as channel:
        JpkiSession(channel)
    assert [one.sent_hex for one in seen] == [["00A4040C0AD392F000260100000001"]]


A, B = ReaderState("ACS ACR1252 00 00"), ReaderState("ACS ACR1252 00 01", card_present=True)
SHORTER = ReaderState("ACS ACR1252 00", card_present=True)
SONY = ReaderState("SONY FeliCa Port", card_present=True)


@pytest.mark.parametrize(
    ("states", "name", "chosen"),
    [
        pytest.param((B,), "", B, id="the-only-one"),
        pytest.param((A, B), "", B, id="the-one-with-a-card"),
        pytest.param((A, B, SONY), "SONY", SONY, id="a-part"),
        pytest.param((A, B, SONY), "felica", SONY, id="a-part-in-small-letters"),
        pytest.param((A, B), "00 01", B, id="the-end"),
        pytest.param((A, B), A.name, A, id="the-whole-name-without-a-card"),
        pytest.param((A, B, SHORTER), SHORTER.name, SHORTER, id="exactly-one-and-a-part-of-others"),
    ],
)
def test_a_name_means_one_reader(states: tuple[ReaderState, ...], name: str, chosen: ReaderState) -> None:
    assert choose_reader(states, name) == chosen.name


@pytest.mark.parametrize(
    ("states", "name", "error"),
    [
        pytest.param((), "", errors.NoReaderError, id="none"),
        pytest.param((), "SONY", errors.NoReaderError, id="none-of-that-name"),
        pytest.param((A,), "", errors.NoCardError, id="no-card"),
        pytest.param((A, B), "SONY", errors.ReaderNotFoundError, id="another-name"),
        pytest.param((A, B), "ACR1252", errors.ReaderAmbiguousError, id="part-of-two"),
        pytest.param((A, B, SHORTER), SHORTER.name.lower(), errors.ReaderAmbiguousError, id="exact-but-for-case"),
        pytest.param((B, SONY), "", errors.ReaderAmbiguousError, id="two-cards"),
    ],
)
def test_a_name_that_means_none_or_several_is_an_error(
    states: tuple[ReaderState, ...], name: str, error: type[errors.MynacardError]
) -> None:
    with pytest.raises(error) as caught:
        choose_reader(states, name)
    if isinstance(caught.value, errors.ReaderAmbiguousError):
        assert set(caught.value.readers) < {state.name for state in (A, B, SHORTER, SONY)}
    elif states:
        assert all(state.name in str(caught.value) for state in states)


# --- how it is left ----------------------------------------------------------------------------------------


class Boom(Exception):
    pass


@pytest.mark.parametrize("error", [None, Boom(), KeyboardInterrupt(), SystemExit(3), GeneratorExit()], ids=repr)
def test_a_card_is_logged_out_and_without_power_however_it_is_left(
    card: SimulatedCard, monkeypatch: pytest.MonkeyPatch, error: BaseException | None
) -> None:
    steps: list[str] = []
    transmit, power_off = card.transmit, card.power_off
    monkeypatch.setattr(card, "transmit", lambda command: steps.append(command.hex().upper()) or transmit(command))
    monkeypatch.setattr(card, "power_off", lambda: steps.append("power off") or power_off())
    expected = nullcontext() if error is None else pytest.raises(type(error))
    with expected, open_card("sim:") as channel:
        session = JpkiSession(channel)
        session.verify(USER_AUTHENTICATION, "1234")
        session.verify(DIGITAL_SIGNATURE, "ABC123")
        assert card.state.verified == {0x18, 0x1B}
        if error is not None:
            raise error
    assert card.state == SecurityState()
    assert steps[-2:] == [LOG_OUT.hex().upper(), "power off"]


def test_log_out_alone_ends_the_login_where_the_power_stays(
    card: SimulatedCard, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(card, "power_off", lambda: None)
    with open_card("sim:") as channel:
        JpkiSession(channel).verify(USER_AUTHENTICATION, "1234")
    assert card.state.verified == frozenset()


def test_a_generator_that_is_dropped_lets_the_card_go(card: SimulatedCard) -> None:
    def use() -> Iterator[int]:
        with open_card("sim:") as channel:
            JpkiSession(channel).verify(USER_AUTHENTICATION, "1234")
            yield 1

    using = use()
    next(using)
    assert card.state.verified
    using.close()  # type: ignore[attr-defined]
    assert card.state == SecurityState()


def test_a_card_file_is_free_after_an_interruption(path: Path) -> None:
    with pytest.raises(KeyboardInterrupt), open_card(f"sim:{path}"):
        raise KeyboardInterrupt
    with open_card(f"sim:{path}"):
        pass


def test_no_login_is_in_a_card_file(path: Path) -> None:
    with open_card(f"sim:{path}") as channel:
        JpkiSession(channel).verify(USER_AUTHENTICATION, "1234")
        stored = json.loads(path.read_bytes())
    assert set(stored) == {"format", "version", "traits", "medium", "pins", "keys", "applications"}
    assert set(stored["pins"][USER_AUTHENTICATION.name]) == {"secret", "tries_left"}


def test_an_old_session_on_a_card_that_was_let_go_cannot_sign(card: SimulatedCard) -> None:
    with open_card("sim:") as channel:
        session = JpkiSession(channel)
        session.verify(DIGITAL_SIGNATURE, "ABC123")
        session.sign(b"a document")
    with pytest.raises(errors.MynacardError):
        session.sign(b"a document")
    assert card.state.verified == frozenset()
