"""Readers under test: this process finds them as it finds real ones, with limits, keypad, faults and counts."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
from collections.abc import Callable

import pytest

from mynacard import (
    DIGITAL_SIGNATURE,
    USER_AUTHENTICATION,
    AtKeypad,
    CardNumber,
    JpkiSession,
    aio,
    errors,
    open_card,
    opened_residence_card,
    verified_session,
)
from mynacard.doors.pcsclite import check_system
from mynacard.readers import Deadlines, find_library, list_readers, wait_for_card
from mynacard.residence import CardType
from mynacard.simulator.residence import SIMULATED_CARD_NUMBER
from mynacard.testing import CardOptions, CardUnderTest, Gesture, Narrows, ReaderOptions, count, reader_with


@pytest.fixture
def card() -> CardUnderTest:
    return CardOptions().make()


def certificate() -> bytes:
    with open_card() as channel:
        return JpkiSession(channel).certificate_der(USER_AUTHENTICATION)


def test_it_is_the_only_reader_whatever_the_user_chose(card: CardUnderTest, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MYNACARD_READER", "sim:@under-15")
    monkeypatch.setenv("MYNACARD_PCSC", "nonsense")
    with reader_with(card) as reader, count(card) as apdus:
        assert [state.name for state in list_readers()] == [state.name for state in wait_for_card(timeout_s=0)]
        assert [state.name for state in list_readers()] == [reader.name]
        with open_card() as channel:
            JpkiSession(channel).verify(DIGITAL_SIGNATURE, "ABC123")
    assert apdus.pins == 1
    assert (os.environ["MYNACARD_READER"], os.environ["MYNACARD_PCSC"]) == ("sim:@under-15", "nonsense")


def test_afterwards_the_machines_own_library_is_found_again(card: CardUnderTest) -> None:
    with reader_with(card):
        assert find_library().name == "simulated readers"
    with pytest.raises(ZeroDivisionError), reader_with(card):
        _ = 1 / 0
    with contextlib.suppress(errors.NoPcscLibraryError):  # a machine without one
        assert find_library().name != "simulated readers"


def test_every_way_to_open_a_card_finds_it(card: CardUnderTest) -> None:
    with reader_with(card) as reader:
        with verified_session(USER_AUTHENTICATION, "1234", name=reader.name) as session:
            session.authenticate("https://portal.example", "n" * 44)
        with pytest.raises(errors.PinIncorrect), verified_session(USER_AUTHENTICATION, "0000"):
            pass
    assert card.tries_left(USER_AUTHENTICATION) == 2


@pytest.mark.anyio
async def test_an_event_loop_finds_it(card: CardUnderTest) -> None:
    with reader_with(card):
        async with aio.verified_session(USER_AUTHENTICATION, "1234") as session:
            assert await session.run(JpkiSession.authenticate, "https://portal.example", "n" * 44)


def test_a_residence_card_is_found_too() -> None:
    card = CardOptions(persona="residence-2-mid-term").make()
    with reader_with(card), opened_residence_card(CardNumber(SIMULATED_CARD_NUMBER)) as opened:
        assert opened.type is CardType.RESIDENCE_CARD_2


def failing(fault: str) -> type[errors.MynacardError]:
    """The error that opening and reading a card with *fault* raises."""
    card = CardOptions(faults=[fault]).make()
    with reader_with(card), pytest.raises(errors.MynacardError) as caught:
        certificate()
    return type(caught.value)


@pytest.mark.parametrize(
    ("fault", "error"),
    [
        ("removed@2", errors.CardRemovedError),
        ("reset@2", errors.CardLostError),
        ("unplugged@2", errors.ReaderError),
        ("service-gone@1", errors.NoPcscServiceError),
        ("error=80100016@1", errors.OutcomeUnknownError),
        ("status=6A82@1", errors.ApplicationNotFound),
    ],
)
def test_faults_of_readers_come_at_it(fault: str, error: type[errors.MynacardError]) -> None:
    assert issubclass(failing(fault), error)


@pytest.mark.parametrize("cuts", [False, True])
def test_a_reader_with_limits_takes_more_apdus_for_the_same(card: CardUnderTest, cuts: bool) -> None:
    with reader_with(card), count(card) as without:
        expected = certificate()
    limits = Narrows(longest=261, cuts=cuts)
    with reader_with(card, ReaderOptions(limits)), count(card) as within:
        assert certificate() == expected
    assert without.total < within.total


def test_a_keypad_types_each_entry_once(card: CardUnderTest) -> None:
    with reader_with(card, ReaderOptions(keypad=["0000", Gesture.CANCEL, "1234"])) as reader:
        assert reader.keypad is not None
        outcomes: list[type[Exception] | None] = []
        for _ in range(3):
            try:
                with verified_session(USER_AUTHENTICATION, AtKeypad()):
                    outcomes.append(None)
            except errors.MynacardError as error:
                outcomes.append(type(error))
        assert outcomes == [errors.PinIncorrect, errors.PinEntryCancelled, None]
        assert reader.keypad.left == 0
    with reader_with(card) as reader:
        assert reader.keypad is None
        with pytest.raises(errors.NoKeypadError), verified_session(USER_AUTHENTICATION, AtKeypad()):
            pass


def test_what_the_holder_types_is_not_printed() -> None:
    assert "7391" not in repr(ReaderOptions(keypad=["7391"]))


def test_programs_find_the_same_reader_and_card(card: CardUnderTest) -> None:
    try:
        check_system()
    except errors.UsageError:
        return  # the next test is about such systems
    program = [sys.executable, "-m", "mynacard", "pin", "status"]
    with reader_with(card) as reader, count(card) as apdus:
        done = subprocess.run(program, env=dict(reader.environment), capture_output=True, text=True, check=False)
        assert (done.returncode, "5 tries left" in done.stdout) == (0, True), done.stderr
        before = apdus.total
        assert reader.environment == reader.environment
        assert certificate()
    assert 0 < before < apdus.total


def test_where_programs_cannot_come_in_only_their_environment_is_refused(card: CardUnderTest) -> None:
    def refuse() -> None:
        raise errors.UsageError("not here")

    with reader_with(card, check=refuse) as reader:
        assert certificate()
        with pytest.raises(errors.UsageError, match="not here"):
            _ = reader.environment


@pytest.mark.parametrize("entries", [["12a4"], [""], ["1" * 17]])
def test_a_keypad_has_only_digits(card: CardUnderTest, entries: list[str]) -> None:
    with pytest.raises(errors.UsageError, match="ten digits"), reader_with(card, ReaderOptions(keypad=entries)):
        pass


@pytest.mark.parametrize("change", ["remove", "unplug"])
def test_what_the_door_does_is_seen_at_once(card: CardUnderTest, change: str) -> None:
    with reader_with(card) as reader:
        act: Callable[[str], object] = getattr(reader.door, change)
        act(reader.name)
        with pytest.raises((errors.NoCardError, errors.NoReaderError)):
            certificate()


def test_a_mute_card_is_given_up_in_time(card: CardUnderTest) -> None:
    mute = CardOptions(faults=["mute@1"]).make()
    deadlines = Deadlines(card_s=0.01, leaving_s=0.01)
    with reader_with(mute), pytest.raises(errors.CallTimeoutError), open_card(deadlines=deadlines) as channel:
        JpkiSession(channel)
    with reader_with(card):
        assert certificate()
