"""The card on a reader: one connection, one transaction, and nothing is left behind on any way out."""
# ruff: noqa: PT012 - what happens inside of the with is what these tests are about

from __future__ import annotations

import logging
import os
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Final

import pytest

from mynacard import errors
from mynacard.apdu.channel import Channel
from mynacard.apdu.verification import verify
from mynacard.jpki.layout import USER_AUTHENTICATION
from mynacard.pin import Pin
from mynacard.readers import Deadlines, ReaderCard, ReaderState, list_readers
from mynacard.readers.pyscard import Pyscard
from mynacard.readers.worker import Pending
from tests.readers.fake_scard import ATR, LOG_OUT, PIN_VERIFY, READER, SELECT, Clock, FakeScard
from tests.support import leaks

LEAVE: Final = FakeScard.SCARD_LEAVE_CARD
UNPOWER: Final = FakeScard.SCARD_UNPOWER_CARD
POWERED_OFF: Final = {"SCardEndTransaction": [UNPOWER], "SCardDisconnect": [LEAVE]}
"""The power goes with the transaction, and once."""
ENTERING: Final = ["SCardEstablishContext", "SCardConnect", "SCardStatus", "SCardBeginTransaction"]
LEAVING: Final = ["SCardEndTransaction", "SCardDisconnect", "SCardReleaseContext"]
LISTING: Final = ["SCardEstablishContext", "SCardListReaders", "SCardGetStatusChange"]

REMOVED: Final = 0x80100069
RESET: Final = 0x80100068
NOT_TRANSACTED: Final = 0x80100016
OUTCOMES: Final = [
    pytest.param(0x8010001D, errors.NoPcscServiceError, id="no service"),
    pytest.param(0x8010006A, errors.AccessRefusedError, id="refused"),
    pytest.param(0x80100009, errors.ReaderNotFoundError, id="unknown reader"),
    pytest.param(0x8010000C, errors.NoCardError, id="no card"),
    pytest.param(0x80100066 - (1 << 32), errors.CardMuteError, id="mute, signed"),
    pytest.param(REMOVED, errors.CardRemovedError, id="removed"),
    pytest.param(NOT_TRANSACTED, errors.OutcomeUnknownError, id="not transacted"),
    pytest.param(0x80100099, errors.ReaderError, id="unnamed"),
    pytest.param(SystemError("returned NULL without setting an exception"), errors.ReaderError, id="null handle"),
]


SOON: Final = 0.05
"""So long is waited for a call that does not return in these tests."""


@pytest.fixture
def scard() -> FakeScard:
    return FakeScard()


def reader_card(scard: FakeScard, **deadlines: float) -> ReaderCard:
    return ReaderCard(READER, Pyscard(scard), Deadlines(**deadlines))


@contextmanager
def entered(scard: FakeScard, **deadlines: float) -> Iterator[ReaderCard]:
    """The card, in a transaction."""
    with reader_card(scard, **deadlines) as card, card.transaction():
        yield card


# --- the readers -------------------------------------------------------------------------------------


def test_readers_are_listed_with_what_lies_on_them(scard: FakeScard) -> None:
    scard.readers = {
        "empty": (0x12, []),
        "card": (0x22, list(ATR)),
        "mute": (0x222, []),
        "shared": (0x122, list(ATR)),
        "exclusive": (0xA2, list(ATR)),
    }
    assert list_readers(Pyscard(scard)) == (
        ReaderState("empty"),
        ReaderState("card", card_present=True, atr=ATR),
        ReaderState("mute", card_present=True, mute=True),
        ReaderState("shared", card_present=True, in_use=True, atr=ATR),
        ReaderState("exclusive", card_present=True, in_use=True, exclusive=True, atr=ATR),
    )
    assert scard.nothing_is_open


def test_no_reader_is_no_error(scard: FakeScard) -> None:
    scard.readers = {}
    assert list_readers(Pyscard(scard)) == ()
    assert scard.nothing_is_open


@pytest.mark.parametrize("call", LISTING[1:])
def test_the_last_reader_may_be_pulled_while_listing(scard: FakeScard, call: str) -> None:
    scard.fail(call, *[0x8010002E] * 3)
    assert list_readers(Pyscard(scard)) == ()
    assert scard.nothing_is_open


def test_a_reader_that_is_pulled_while_listing_is_left_out(scard: FakeScard) -> None:
    scard.fail("SCardGetStatusChange", 0x80100009)
    assert [state.name for state in list_readers(Pyscard(scard))] == [READER]
    assert scard.calls.count("SCardListReaders") == 2
    assert scard.nothing_is_open


@pytest.mark.parametrize("call", LISTING[:-1])
@pytest.mark.parametrize(("outcome", "kind"), OUTCOMES)
def test_a_failed_listing_says_why_and_leaves_nothing_open(
    scard: FakeScard, call: str, outcome: int | BaseException, kind: type[BaseException]
) -> None:
    scard.fail(call, outcome)
    with pytest.raises(kind) as raised:
        list_readers(Pyscard(scard))
    assert type(raised.value) is kind
    assert scard.nothing_is_open


def test_a_context_that_cannot_be_released_hides_no_reader(scard: FakeScard) -> None:
    scard.fail("SCardReleaseContext", 0x80100003)
    assert [state.name for state in list_readers(Pyscard(scard))] == [READER]


# --- in and out --------------------------------------------------------------------------------------


def test_a_card_is_connected_used_and_let_go_in_this_order(scard: FakeScard) -> None:
    with entered(scard) as card:
        assert (card.name, card.atr) == (READER, ATR)
        assert card.transmit(SELECT) == b"\x90\x00"
    assert scard.calls == [*ENTERING, "SCardTransmit", *LEAVING]
    assert scard.nothing_is_open


def test_a_card_that_saw_no_pin_keeps_its_power(scard: FakeScard) -> None:
    with entered(scard) as card:
        card.transmit(SELECT)
        card.transmit(bytes.fromhex("00200098"))  # asks for the tries left
        assert not card.pin_shown
    assert scard.dispositions == {"SCardEndTransaction": [LEAVE], "SCardDisconnect": [LEAVE]}
    assert scard.card.sent[-1] != LOG_OUT


def test_a_card_that_saw_a_pin_is_logged_out_and_powered_off(scard: FakeScard) -> None:
    with entered(scard) as card:
        card.transmit(PIN_VERIFY)
        assert card.pin_shown
        assert card.login_possible
    assert scard.card.sent == [PIN_VERIFY, LOG_OUT]
    assert scard.dispositions == POWERED_OFF
    assert not scard.card.verified
    assert scard.nothing_is_open


@pytest.mark.parametrize(
    "command",
    ["0020009B06414243313233", "00240180083132333435363738", "00200080000004 31323334", "0C20009804AABBCCDD"],
    ids=["password", "change", "extended", "secure messaging"],
)
def test_every_command_with_a_secret_counts_as_a_pin(scard: FakeScard, command: str) -> None:
    with entered(scard) as card:
        card.transmit(bytes.fromhex(command))
    assert scard.card.sent[-1] == LOG_OUT
    assert scard.dispositions == POWERED_OFF


@pytest.mark.parametrize("status", [[0x63, 0xC2], [0x69, 0x84], [0x6F, 0x00]])
def test_a_refused_pin_counts_as_a_pin(scard: FakeScard, status: list[int]) -> None:
    scard.card.answers = [status]
    with entered(scard) as card:
        card.transmit(PIN_VERIFY)
    assert scard.dispositions["SCardEndTransaction"] == [UNPOWER]


def test_who_logged_out_is_not_logged_out_again_but_powered_off(scard: FakeScard) -> None:
    with entered(scard) as card:
        card.transmit(PIN_VERIFY)
        card.transmit(LOG_OUT)
        assert not card.login_possible
        assert card.pin_shown
    assert scard.card.sent == [PIN_VERIFY, LOG_OUT]
    assert scard.dispositions["SCardEndTransaction"] == [UNPOWER]


def test_a_refused_log_out_is_none(scard: FakeScard) -> None:
    scard.card.answers = [[0x90, 0x00], [0x6A, 0x82]]
    with entered(scard) as card:
        card.transmit(PIN_VERIFY)
        card.transmit(LOG_OUT)
        assert card.login_possible
    assert scard.card.sent == [PIN_VERIFY, LOG_OUT, LOG_OUT]


def test_a_pin_after_the_log_out_is_logged_out_too(scard: FakeScard) -> None:
    with entered(scard) as card:
        card.transmit(PIN_VERIFY)
        card.transmit(LOG_OUT)
        card.transmit(PIN_VERIFY)
    assert scard.card.sent == [PIN_VERIFY, LOG_OUT, PIN_VERIFY, LOG_OUT]


def test_the_next_use_of_the_same_object_begins_anew(scard: FakeScard) -> None:
    card = reader_card(scard)
    with card, card.transaction():
        card.transmit(PIN_VERIFY)
    scard.was_reset = False
    with card, card.transaction():
        assert not card.pin_shown
        card.transmit(SELECT)
    assert scard.dispositions == {"SCardEndTransaction": [UNPOWER, LEAVE], "SCardDisconnect": [LEAVE, LEAVE]}
    assert scard.nothing_is_open


# --- failures ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("call", ENTERING)
@pytest.mark.parametrize(("outcome", "kind"), OUTCOMES)
def test_a_failed_entry_says_why_and_leaves_nothing_open(
    scard: FakeScard, call: str, outcome: int | BaseException, kind: type[BaseException]
) -> None:
    if (call, kind) == ("SCardConnect", errors.CardRemovedError):  # no card was ever there
        kind = errors.NoCardError
    scard.fail(call, outcome)
    with pytest.raises(kind) as raised, entered(scard):
        pytest.fail("entered")
    assert type(raised.value) is kind
    assert scard.nothing_is_open
    assert scard.card.sent == []


def test_a_reader_of_another_name_is_not_found(scard: FakeScard) -> None:
    with pytest.raises(errors.ReaderNotFoundError, match="Another"), ReaderCard("Another", Pyscard(scard)):
        pytest.fail("entered")
    assert scard.nothing_is_open


def test_a_reader_without_a_card_says_so(scard: FakeScard) -> None:
    scard.readers = {READER: (0x12, [])}
    with pytest.raises(errors.NoCardError, match=READER), entered(scard):
        pytest.fail("entered")
    assert scard.nothing_is_open


def test_the_context_of_a_failed_establishing_is_not_released(scard: FakeScard) -> None:
    scard.fail("SCardEstablishContext", 0x8010001D)
    with pytest.raises(errors.NoPcscServiceError), entered(scard):
        pytest.fail("entered")
    assert scard.calls == ["SCardEstablishContext"]


@pytest.mark.parametrize("command", [SELECT, PIN_VERIFY], ids=["select", "verify"])
@pytest.mark.parametrize(("outcome", "kind"), OUTCOMES)
def test_a_failed_command_says_why_is_not_sent_again_and_leaves_nothing_open(
    scard: FakeScard, command: bytes, outcome: int | BaseException, kind: type[BaseException]
) -> None:
    scard.fail("SCardTransmit", outcome)
    with pytest.raises(kind) as raised, entered(scard) as card:
        card.transmit(command)
    assert type(raised.value) is kind
    assert scard.transmitted.count(command) == 1
    assert scard.nothing_is_open
    wanted = UNPOWER if command == PIN_VERIFY else LEAVE
    assert scard.dispositions == {"SCardEndTransaction": [wanted], "SCardDisconnect": [LEAVE]}


@pytest.mark.parametrize("call", LEAVING)
@pytest.mark.parametrize(("outcome", "_kind"), OUTCOMES)
def test_a_failure_while_leaving_stops_no_later_step(
    scard: FakeScard, call: str, outcome: int | BaseException, _kind: type[BaseException]
) -> None:
    scard.fail(call, outcome)
    with entered(scard) as card:
        card.transmit(PIN_VERIFY)
    assert [name for name in dict.fromkeys(scard.calls) if name in LEAVING] == LEAVING
    assert not scard.card.verified
    if call != "SCardReleaseContext":
        assert scard.nothing_is_open


@pytest.mark.parametrize("outcome", [0x8010001D, 0x8010000B, REMOVED, RESET, NOT_TRANSACTED, SystemError("NULL")])
def test_a_failed_log_out_stops_no_later_step(scard: FakeScard, outcome: int | BaseException) -> None:
    scard.fails_on[LOG_OUT] = outcome
    with entered(scard) as card:
        card.transmit(PIN_VERIFY)
    assert scard.calls == [*ENTERING, "SCardTransmit", "SCardTransmit", *LEAVING]
    assert not scard.card.verified
    assert scard.nothing_is_open


@pytest.mark.parametrize("call", ["SCardTransmit", *LEAVING])
def test_no_failure_while_leaving_hides_the_error_on_its_way(scard: FakeScard, call: str) -> None:
    with pytest.raises(ZeroDivisionError), entered(scard) as card:
        card.transmit(PIN_VERIFY)
        scard.fail(call, 0x80100013)
        raise ZeroDivisionError
    assert not scard.card.verified


@pytest.mark.parametrize(
    ("outcome", "kind", "tried"),
    [
        (REMOVED, errors.CardRemovedError, False),
        (RESET, errors.CardResetError, False),
        (0x8010000C, errors.NoCardError, False),
        (0x80100017, errors.ReaderNotFoundError, False),
        (0x8010001E, errors.NoPcscServiceError, False),
        (NOT_TRANSACTED, errors.OutcomeUnknownError, True),
        (SystemError("NULL"), errors.ReaderError, True),
    ],
)
def test_who_cannot_be_reached_is_not_logged_out_but_powered_off(
    scard: FakeScard, outcome: int | Exception, kind: type[errors.ReaderError], tried: bool
) -> None:
    with pytest.raises(kind), entered(scard) as card:
        card.transmit(PIN_VERIFY)
        scard.fail("SCardTransmit", outcome)
        card.transmit(SELECT)
    assert (LOG_OUT in scard.card.sent) == tried
    assert scard.dispositions == POWERED_OFF


def test_a_transaction_on_a_card_that_was_reset_ends_with_the_power(scard: FakeScard) -> None:
    with pytest.raises(errors.CardResetError), entered(scard) as card:
        card.transmit(PIN_VERIFY)
        scard.was_reset = True  # a warm reset: it keeps the PIN verified, as real cards were seen to
        card.transmit(SELECT)
    assert scard.dispositions == {"SCardEndTransaction": [], "SCardDisconnect": [UNPOWER]}
    assert not scard.card.verified
    assert scard.nothing_is_open


@pytest.mark.parametrize("answer", [[], [0x90]])
def test_an_answer_without_a_status_word_is_an_unknown_outcome(scard: FakeScard, answer: list[int]) -> None:
    scard.card.answers = [answer]
    with pytest.raises(errors.OutcomeUnknownError), entered(scard) as card:
        card.transmit(PIN_VERIFY)
    assert scard.card.sent == [PIN_VERIFY, LOG_OUT]


# --- several transactions ----------------------------------------------------------------------------


def test_between_two_transactions_the_connection_stays(scard: FakeScard) -> None:
    with reader_card(scard) as card:
        for _ in range(2):
            with card.transaction():
                card.transmit(SELECT)
            assert scard.transaction is None
    assert scard.calls == [
        *ENTERING, "SCardTransmit", "SCardEndTransaction", "SCardBeginTransaction", "SCardTransmit", *LEAVING
    ]  # fmt: skip
    assert scard.dispositions == {"SCardEndTransaction": [LEAVE, LEAVE], "SCardDisconnect": [LEAVE]}


def test_no_command_goes_out_between_transactions(scard: FakeScard) -> None:
    with reader_card(scard) as card:
        with pytest.raises(errors.UsageError):
            card.transmit(SELECT)
        with card.transaction():
            card.transmit(SELECT)
        with pytest.raises(errors.UsageError):
            card.transmit(SELECT)
    assert scard.card.sent == [SELECT]


def test_there_is_one_transaction_at_a_time(scard: FakeScard) -> None:
    with entered(scard) as card:
        with pytest.raises(errors.UsageError), card.transaction():
            pytest.fail("entered")
        assert card.transmit(SELECT) == b"\x90\x00"


def test_after_a_pin_there_is_no_other_transaction(scard: FakeScard) -> None:
    with reader_card(scard) as card:
        with card.transaction():
            card.transmit(PIN_VERIFY)
        with pytest.raises(errors.UsageError, match="powered off"), card.transaction():
            pytest.fail("entered")
    assert scard.card.sent == [PIN_VERIFY, LOG_OUT]
    assert scard.dispositions == POWERED_OFF


def test_a_reset_before_anything_was_sent_is_a_new_beginning(scard: FakeScard) -> None:
    scard.fail("SCardBeginTransaction", RESET)
    with entered(scard) as card:
        card.transmit(SELECT)
    assert scard.calls == [
        *ENTERING, "SCardDisconnect", *ENTERING[1:], "SCardTransmit", *LEAVING
    ]  # fmt: skip
    assert scard.nothing_is_open


def test_a_card_that_somebody_resets_again_and_again_is_given_up(scard: FakeScard) -> None:
    scard.fail("SCardBeginTransaction", *[RESET] * 10)
    with pytest.raises(errors.CardResetError), entered(scard):
        pytest.fail("entered")
    assert scard.calls.count("SCardBeginTransaction") == 4
    assert scard.nothing_is_open


@pytest.mark.parametrize(("code", "kind"), [(RESET, errors.CardResetError), (REMOVED, errors.CardRemovedError)])
def test_a_card_reset_or_removed_between_transactions_is_no_beginning(
    scard: FakeScard, code: int, kind: type[errors.CardLostError]
) -> None:
    with pytest.raises(kind), reader_card(scard) as card:
        with card.transaction():
            card.transmit(SELECT)
        scard.fail("SCardBeginTransaction", code)
        with card.transaction():
            pytest.fail("entered")
    assert scard.card.sent == [SELECT]
    assert scard.calls.count("SCardConnect") == 1
    assert scard.nothing_is_open


# --- another program ---------------------------------------------------------------------------------

BUSY: Final = 0x8010000B


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    made = Clock()
    monkeypatch.setattr("mynacard.readers.reader_card.time", made)
    return made


@pytest.mark.parametrize("call", ["SCardConnect", "SCardBeginTransaction"])
def test_a_card_in_use_is_waited_for(scard: FakeScard, clock: Clock, call: str) -> None:
    scard.fail(call, *[BUSY] * 5)
    with entered(scard) as card:
        card.transmit(SELECT)
    assert scard.calls.count(call) == 6
    assert clock.now < 1


@pytest.mark.parametrize("call", ["SCardConnect", "SCardBeginTransaction"])
@pytest.mark.parametrize("holders", [(), ("scdaemon (4711)", "firefox (4712)")])
def test_a_card_that_stays_in_use_is_an_error_that_names_who_may_hold_it(
    scard: FakeScard, clock: Clock, call: str, holders: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("mynacard.readers.reader_card.likely_holders", lambda: holders)
    scard.fail(call, *[BUSY] * 1000)
    with pytest.raises(errors.ReaderBusyError, match=call) as raised, entered(scard, busy_s=4):
        pytest.fail("entered")
    assert raised.value.holders == holders
    assert all(holder in str(raised.value) for holder in holders or ("scdaemon",))
    assert 4 <= clock.now < 4.5
    assert scard.nothing_is_open


@pytest.mark.parametrize("call", ["SCardConnect", "SCardBeginTransaction"])
def test_a_call_that_another_program_holds_up_is_the_same_error(scard: FakeScard, call: str) -> None:
    released = scard.block(call)
    with pytest.raises(errors.ReaderBusyError, match=call), entered(scard, busy_s=SOON):
        pytest.fail("entered")
    released.set()
    scard.wait_until_nothing_is_open()


# --- calls that do not return ------------------------------------------------------------------------


def test_a_service_that_does_not_answer_is_told_and_let_go_when_it_does(scard: FakeScard) -> None:
    released = scard.block("SCardEstablishContext")
    with pytest.raises(errors.CallTimeoutError) as raised, entered(scard, service_s=SOON):
        pytest.fail("entered")
    assert raised.value.call == "SCardEstablishContext"
    released.set()
    scard.wait_until_nothing_is_open()


def test_a_list_that_does_not_come_is_told(scard: FakeScard) -> None:
    released = scard.block("SCardListReaders")
    with pytest.raises(errors.CallTimeoutError):
        list_readers(Pyscard(scard), Deadlines(service_s=SOON))
    released.set()
    scard.wait_until_nothing_is_open()


@pytest.mark.parametrize("command", [SELECT, PIN_VERIFY], ids=["select", "verify"])
def test_a_mute_card_is_told_and_its_connection_never_used_again(scard: FakeScard, command: bytes) -> None:
    with entered(scard, card_s=SOON) as card:
        released = scard.block("SCardTransmit")
        with pytest.raises(errors.CallTimeoutError) as raised:
            card.transmit(command)
        assert raised.value.call == "SCardTransmit"
        assert isinstance(raised.value, errors.OutcomeUnknownError)
        for _ in range(2):
            with pytest.raises(errors.CardLostError, match="SCardTransmit"):
                card.transmit(SELECT)
    assert scard.transmitted == [command]
    assert not scard.nothing_is_open, "the call has not returned"
    released.set()
    scard.wait_until_nothing_is_open()
    assert scard.transmitted == [command], "not even a log-out: it would be as mute"
    assert scard.dispositions["SCardEndTransaction"] == [UNPOWER if command == PIN_VERIFY else LEAVE]
    assert not scard.card.verified


def test_the_error_of_a_mute_verify_shows_no_pin(scard: FakeScard) -> None:
    scard.card.answers = [[0x63, 0xC3]]
    with pytest.raises(errors.VerificationOutcomeUnknownError) as raised, entered(scard, card_s=1) as card:
        released = scard.block("SCardTransmit", after=1)
        verify(Channel(card), USER_AUTHENTICATION.pin, Pin("4711"))
    assert not leaks(raised.value, "4711")
    assert scard.transmitted.count(PIN_VERIFY) == 1
    released.set()
    scard.wait_until_nothing_is_open()


def test_leaving_that_does_not_end_holds_nobody_up(scard: FakeScard) -> None:
    with entered(scard, leaving_s=SOON) as card:
        card.transmit(PIN_VERIFY)
        released = scard.block("SCardEndTransaction")
    assert not scard.nothing_is_open
    released.set()
    scard.wait_until_nothing_is_open()
    assert scard.dispositions == POWERED_OFF


# --- interrupts --------------------------------------------------------------------------------------


def interrupt(monkeypatch: pytest.MonkeyPatch, *numbers: int, late: bool) -> None:
    """Raise KeyboardInterrupt in these of the caller's waits, as Python does: the call itself goes on.

    *late*: when the answer has come and is not yet handed over; else at once.
    """
    waits: list[Pending[Any]] = []
    wait = Pending[Any].wait

    def interrupted(pending: Pending[Any], timeout_s: float) -> Callable[[], Any] | None:
        waits.append(pending)
        if len(waits) in numbers:
            if late:
                wait(pending, timeout_s)
            raise KeyboardInterrupt
        return wait(pending, timeout_s)

    monkeypatch.setattr(Pending, "wait", interrupted)


WAITS: Final = ("SCardEstablishContext", "SCardConnect", "SCardBeginTransaction", "SCardTransmit", "end", "close")
"""What the caller of one VERIFY waits for, in this order."""


@pytest.mark.parametrize("late", [False, True], ids=["before the call returns", "after it returned"])
@pytest.mark.parametrize("number", range(1, len(WAITS) + 1), ids=WAITS)
def test_an_interrupt_at_any_moment_is_raised_when_all_is_let_go(
    scard: FakeScard, monkeypatch: pytest.MonkeyPatch, number: int, late: bool
) -> None:
    interrupt(monkeypatch, number, late=late)
    with pytest.raises(KeyboardInterrupt), entered(scard) as card:
        card.transmit(PIN_VERIFY)
    scard.wait_until_nothing_is_open()
    assert not scard.card.verified
    assert scard.transmitted.count(PIN_VERIFY) <= 1
    if PIN_VERIFY in scard.transmitted:
        assert scard.dispositions == POWERED_OFF


@pytest.mark.parametrize("numbers", [(4, 5), (5, 6), (4, 5, 6), (4, 5, 6, 7, 8)])
def test_interrupts_upon_interrupts_stop_nothing_either(
    scard: FakeScard, monkeypatch: pytest.MonkeyPatch, numbers: tuple[int, ...]
) -> None:
    interrupt(monkeypatch, *numbers, late=False)
    with pytest.raises(KeyboardInterrupt), entered(scard) as card:
        card.transmit(PIN_VERIFY)
    scard.wait_until_nothing_is_open()
    assert not scard.card.verified


def test_an_interrupt_while_leaving_keeps_the_error_it_met(scard: FakeScard, monkeypatch: pytest.MonkeyPatch) -> None:
    interrupt(monkeypatch, 4, late=True)
    with pytest.raises(KeyboardInterrupt) as raised, entered(scard):
        raise ZeroDivisionError
    assert isinstance(raised.value.__context__, ZeroDivisionError)


# --- one owner ---------------------------------------------------------------------------------------


def in_a_thread(step: Callable[[], object]) -> BaseException | None:
    """What *step* raises in another thread."""
    raised: list[BaseException] = []

    def run() -> None:
        try:
            step()
        except Exception as error:
            raised.append(error)

    thread = threading.Thread(target=run)
    thread.start()
    thread.join()
    return raised[0] if raised else None


def test_another_thread_has_to_take_the_card_over(scard: FakeScard) -> None:
    with reader_card(scard) as card:
        with card.transaction():
            assert isinstance(in_a_thread(lambda: card.transmit(SELECT)), errors.OwnershipError)
        assert isinstance(in_a_thread(lambda: card.transaction().__enter__()), errors.OwnershipError)
        assert scard.card.sent == []

        def taken_over() -> None:
            card.adopt()
            with card.transaction():
                card.transmit(SELECT)

        assert in_a_thread(taken_over) is None
        with pytest.raises(errors.OwnershipError):
            card.transmit(SELECT)
    assert scard.card.sent == [SELECT]
    assert scard.nothing_is_open


@pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning")  # of Python: there are threads
def test_a_forked_process_can_do_nothing_with_the_card_and_lets_nothing_go(scard: FakeScard) -> None:
    with entered(scard) as card:
        card.transmit(PIN_VERIFY)
        child = getattr(os, "fork", lambda: 0)()  # Windows has none
        if child == 0 and hasattr(os, "fork"):
            os._exit(_inherited(card, scard))
        if child:
            assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
        assert card.transmit(SELECT) == b"\x90\x00"
    assert scard.card.sent == [PIN_VERIFY, SELECT, LOG_OUT]
    assert scard.nothing_is_open


def _inherited(card: ReaderCard, scard: FakeScard) -> int:
    """In the child: 0 if the card refuses its command, and its way out makes no call."""
    before = list(scard.calls)
    try:
        card.transmit(SELECT)
    except errors.OwnershipError:
        card.__exit__(None, None, None)
        return 0 if scard.calls == before else 1
    return 2


# --- misuse, secrets ---------------------------------------------------------------------------------


def test_a_card_is_of_no_use_before_and_after(scard: FakeScard) -> None:
    card = reader_card(scard)
    for _ in range(2):
        with pytest.raises(errors.UsageError, match=READER):
            card.transmit(SELECT)
        with pytest.raises(errors.UsageError, match=READER):
            _ = card.atr
        with card:
            pass
    assert scard.card.sent == []


def test_a_card_is_not_entered_twice(scard: FakeScard) -> None:
    with entered(scard) as card:
        with pytest.raises(errors.UsageError), card:
            pytest.fail("entered")
        assert card.transmit(SELECT) == b"\x90\x00"
    assert scard.nothing_is_open


@pytest.mark.parametrize("outcome", [NOT_TRANSACTED, REMOVED, RESET, SystemError("NULL")])
def test_one_pin_is_one_verify_whatever_happens(scard: FakeScard, outcome: int | BaseException) -> None:
    scard.card.answers = [[0x63, 0xC3]]  # to the status query
    scard.fails_on[PIN_VERIFY] = outcome
    with pytest.raises(errors.VerificationOutcomeUnknownError) as raised, entered(scard) as card:
        verify(Channel(card), USER_AUTHENTICATION.pin, Pin("4711"))
    assert scard.transmitted.count(PIN_VERIFY) == 1
    assert not leaks(raised.value, "4711")


def test_no_pin_reaches_the_log(scard: FakeScard, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    with entered(scard) as card:
        card.transmit(PIN_VERIFY)
        scard.fail("SCardTransmit", TypeError(str(list(PIN_VERIFY))))
        scard.fail("SCardEndTransaction", 0x80100013)
        scard.fail("SCardDisconnect", 0x80100013)
        scard.fail("SCardReleaseContext", 0x80100013)
    assert len(caplog.records) == 4
    assert "52, 55, 49, 49" not in caplog.text
    assert "4711" not in caplog.text
