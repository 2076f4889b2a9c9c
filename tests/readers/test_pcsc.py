"""The card on a reader: one connection, one transaction, and nothing is left behind on any way out."""
# ruff: noqa: PT012 - what happens inside of the with is what these tests are about

from __future__ import annotations

import logging
from typing import Final

import pytest
from readers.fake_scard import ATR, LOG_OUT, PIN_VERIFY, READER, SELECT, FakeScard
from support import leaks

from mynacard import errors
from mynacard.apdu.channel import Channel
from mynacard.apdu.verification import verify
from mynacard.jpki.layout import USER_AUTHENTICATION
from mynacard.pin import Pin
from mynacard.readers import ReaderCard, ReaderState, list_readers

LEAVE: Final = FakeScard.SCARD_LEAVE_CARD
UNPOWER: Final = FakeScard.SCARD_UNPOWER_CARD
POWERED_OFF: Final = {"SCardEndTransaction": [UNPOWER], "SCardDisconnect": [LEAVE]}
"""The power goes with the transaction, and once."""
ENTERING: Final = ["SCardEstablishContext", "SCardConnect", "SCardBeginTransaction", "SCardStatus"]
LEAVING: Final = ["SCardEndTransaction", "SCardDisconnect", "SCardReleaseContext"]
LISTING: Final = ["SCardEstablishContext", "SCardListReaders", "SCardGetStatusChange"]

REMOVED: Final = 0x80100069
RESET: Final = 0x80100068
NOT_TRANSACTED: Final = 0x80100016
OUTCOMES: Final = [
    pytest.param(0x8010001D, errors.NoPcscServiceError, id="no service"),
    pytest.param(0x8010006A, errors.AccessRefusedError, id="refused"),
    pytest.param(0x80100009, errors.ReaderNotFoundError, id="unknown reader"),
    pytest.param(0x8010000B, errors.ReaderBusyError, id="sharing violation"),
    pytest.param(0x8010000C, errors.NoCardError, id="no card"),
    pytest.param(0x80100066 - (1 << 32), errors.CardMuteError, id="mute, signed"),
    pytest.param(REMOVED, errors.CardRemovedError, id="removed"),
    pytest.param(RESET, errors.CardResetError, id="reset"),
    pytest.param(NOT_TRANSACTED, errors.OutcomeUnknownError, id="not transacted"),
    pytest.param(0x80100099, errors.ReaderError, id="unnamed"),
    pytest.param(SystemError("returned NULL without setting an exception"), errors.ReaderError, id="null handle"),
    pytest.param(KeyboardInterrupt(), KeyboardInterrupt, id="interrupt"),
]


@pytest.fixture
def scard() -> FakeScard:
    return FakeScard()


# --- the readers -------------------------------------------------------------------------------------


def test_readers_are_listed_with_what_lies_on_them(scard: FakeScard) -> None:
    scard.readers = {
        "empty": (0x12, []),
        "card": (0x22, list(ATR)),
        "mute": (0x222, []),
        "shared": (0x122, list(ATR)),
        "exclusive": (0xA2, list(ATR)),
    }
    assert list_readers(scard) == (
        ReaderState("empty"),
        ReaderState("card", card_present=True, atr=ATR),
        ReaderState("mute", card_present=True, mute=True),
        ReaderState("shared", card_present=True, in_use=True, atr=ATR),
        ReaderState("exclusive", card_present=True, in_use=True, exclusive=True, atr=ATR),
    )
    assert scard.nothing_is_open


def test_no_reader_is_no_error(scard: FakeScard) -> None:
    scard.readers = {}
    assert list_readers(scard) == ()
    assert scard.nothing_is_open


@pytest.mark.parametrize("call", LISTING[1:])
def test_the_last_reader_may_be_pulled_while_listing(scard: FakeScard, call: str) -> None:
    scard.fail(call, 0x8010002E)
    assert list_readers(scard) == ()
    assert scard.nothing_is_open


@pytest.mark.parametrize("call", LISTING)
@pytest.mark.parametrize(("outcome", "kind"), OUTCOMES)
def test_a_failed_listing_says_why_and_leaves_nothing_open(
    scard: FakeScard, call: str, outcome: int | BaseException, kind: type[BaseException]
) -> None:
    scard.fail(call, outcome)
    with pytest.raises(kind) as raised:
        list_readers(scard)
    assert type(raised.value) is kind
    assert scard.nothing_is_open


def test_a_context_that_cannot_be_released_hides_no_reader(scard: FakeScard) -> None:
    scard.fail("SCardReleaseContext", 0x80100003)
    assert [state.name for state in list_readers(scard)] == [READER]


# --- in and out --------------------------------------------------------------------------------------


def test_a_card_is_connected_used_and_let_go_in_this_order(scard: FakeScard) -> None:
    with ReaderCard(READER, scard) as card:
        assert (card.name, card.atr) == (READER, ATR)
        assert card.transmit(SELECT) == b"\x90\x00"
    assert scard.calls == [*ENTERING, "SCardTransmit", *LEAVING]
    assert scard.nothing_is_open


def test_a_card_that_saw_no_pin_keeps_its_power(scard: FakeScard) -> None:
    with ReaderCard(READER, scard) as card:
        card.transmit(SELECT)
        card.transmit(bytes.fromhex("00200098"))  # asks for the tries left
        assert not card.pin_shown
    assert scard.dispositions == {"SCardEndTransaction": [LEAVE], "SCardDisconnect": [LEAVE]}
    assert scard.card.sent[-1] != LOG_OUT


def test_a_card_that_saw_a_pin_is_logged_out_and_powered_off(scard: FakeScard) -> None:
    with ReaderCard(READER, scard) as card:
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
    with ReaderCard(READER, scard) as card:
        card.transmit(bytes.fromhex(command))
    assert scard.card.sent[-1] == LOG_OUT
    assert scard.dispositions == POWERED_OFF


@pytest.mark.parametrize("status", [[0x63, 0xC2], [0x69, 0x84], [0x6F, 0x00]])
def test_a_refused_pin_counts_as_a_pin(scard: FakeScard, status: list[int]) -> None:
    scard.card.answers = [status]
    with ReaderCard(READER, scard) as card:
        card.transmit(PIN_VERIFY)
    assert scard.dispositions["SCardEndTransaction"] == [UNPOWER]


def test_who_logged_out_is_not_logged_out_again_but_powered_off(scard: FakeScard) -> None:
    with ReaderCard(READER, scard) as card:
        card.transmit(PIN_VERIFY)
        card.transmit(LOG_OUT)
        assert not card.login_possible
        assert card.pin_shown
    assert scard.card.sent == [PIN_VERIFY, LOG_OUT]
    assert scard.dispositions["SCardEndTransaction"] == [UNPOWER]


def test_a_refused_log_out_is_none(scard: FakeScard) -> None:
    scard.card.answers = [[0x90, 0x00], [0x6A, 0x82]]
    with ReaderCard(READER, scard) as card:
        card.transmit(PIN_VERIFY)
        card.transmit(LOG_OUT)
        assert card.login_possible
    assert scard.card.sent == [PIN_VERIFY, LOG_OUT, LOG_OUT]


def test_a_pin_after_the_log_out_is_logged_out_too(scard: FakeScard) -> None:
    with ReaderCard(READER, scard) as card:
        card.transmit(PIN_VERIFY)
        card.transmit(LOG_OUT)
        card.transmit(PIN_VERIFY)
    assert scard.card.sent == [PIN_VERIFY, LOG_OUT, PIN_VERIFY, LOG_OUT]


def test_the_next_use_of_the_same_object_begins_anew(scard: FakeScard) -> None:
    card = ReaderCard(READER, scard)
    with card:
        card.transmit(PIN_VERIFY)
    scard.was_reset = False
    with card:
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
    scard.fail(call, outcome)
    with pytest.raises(kind) as raised, ReaderCard(READER, scard):
        pytest.fail("entered")
    assert type(raised.value) is kind
    assert scard.nothing_is_open
    assert scard.card.sent == []


def test_a_reader_of_another_name_is_not_found(scard: FakeScard) -> None:
    with pytest.raises(errors.ReaderNotFoundError, match="Another"), ReaderCard("Another", scard):
        pytest.fail("entered")
    assert scard.nothing_is_open


def test_a_reader_without_a_card_says_so(scard: FakeScard) -> None:
    scard.readers = {READER: (0x12, [])}
    with pytest.raises(errors.NoCardError, match=READER), ReaderCard(READER, scard):
        pytest.fail("entered")
    assert scard.nothing_is_open


def test_the_context_of_a_failed_establishing_is_not_released(scard: FakeScard) -> None:
    scard.fail("SCardEstablishContext", 0x8010001D)
    with pytest.raises(errors.NoPcscServiceError), ReaderCard(READER, scard):
        pytest.fail("entered")
    assert scard.calls == ["SCardEstablishContext"]


@pytest.mark.parametrize("command", [SELECT, PIN_VERIFY], ids=["select", "verify"])
@pytest.mark.parametrize(("outcome", "kind"), OUTCOMES)
def test_a_failed_command_says_why_is_not_sent_again_and_leaves_nothing_open(
    scard: FakeScard, command: bytes, outcome: int | BaseException, kind: type[BaseException]
) -> None:
    scard.fail("SCardTransmit", outcome)
    with pytest.raises(kind) as raised, ReaderCard(READER, scard) as card:
        card.transmit(command)
    assert type(raised.value) is kind
    assert scard.transmitted.count(command) == 1
    assert scard.nothing_is_open
    wanted = UNPOWER if command == PIN_VERIFY else LEAVE
    assert scard.dispositions == {"SCardEndTransaction": [wanted], "SCardDisconnect": [LEAVE]}


@pytest.mark.parametrize("call", LEAVING)
@pytest.mark.parametrize(("outcome", "kind"), OUTCOMES)
def test_a_failure_while_leaving_stops_no_later_step(
    scard: FakeScard, call: str, outcome: int | BaseException, kind: type[BaseException]
) -> None:
    scard.fail(call, outcome)
    interrupted = False
    try:
        with ReaderCard(READER, scard) as card:
            card.transmit(PIN_VERIFY)
    except KeyboardInterrupt:
        interrupted = True
    assert interrupted == (kind is KeyboardInterrupt)
    assert [name for name in dict.fromkeys(scard.calls) if name in LEAVING] == LEAVING
    assert not scard.card.verified
    if call != "SCardReleaseContext" or interrupted:
        assert scard.nothing_is_open


@pytest.mark.parametrize("outcome", [0x8010001D, 0x8010000B, REMOVED, RESET, NOT_TRANSACTED, SystemError("NULL")])
def test_a_failed_log_out_stops_no_later_step(scard: FakeScard, outcome: int | BaseException) -> None:
    scard.fails_on[LOG_OUT] = outcome
    with ReaderCard(READER, scard) as card:
        card.transmit(PIN_VERIFY)
    assert scard.calls == [*ENTERING, "SCardTransmit", "SCardTransmit", *LEAVING]
    assert not scard.card.verified
    assert scard.nothing_is_open


@pytest.mark.parametrize("call", ["SCardTransmit", *LEAVING])
def test_no_failure_while_leaving_hides_the_error_on_its_way(scard: FakeScard, call: str) -> None:
    with pytest.raises(ZeroDivisionError), ReaderCard(READER, scard) as card:
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
    with pytest.raises(kind), ReaderCard(READER, scard) as card:
        card.transmit(PIN_VERIFY)
        scard.fail("SCardTransmit", outcome)
        card.transmit(SELECT)
    assert (LOG_OUT in scard.card.sent) == tried
    assert scard.dispositions == POWERED_OFF


def test_a_transaction_on_a_card_that_was_reset_ends_with_the_power(scard: FakeScard) -> None:
    with pytest.raises(errors.CardResetError), ReaderCard(READER, scard) as card:
        card.transmit(PIN_VERIFY)
        scard.was_reset = True  # a warm reset: it keeps the PIN verified, as real cards were seen to
        card.transmit(SELECT)
    assert scard.dispositions == {"SCardEndTransaction": [], "SCardDisconnect": [UNPOWER]}
    assert not scard.card.verified
    assert scard.nothing_is_open


@pytest.mark.parametrize("answer", [[], [0x90]])
def test_an_answer_without_a_status_word_is_an_unknown_outcome(scard: FakeScard, answer: list[int]) -> None:
    scard.card.answers = [answer]
    with pytest.raises(errors.OutcomeUnknownError), ReaderCard(READER, scard) as card:
        card.transmit(PIN_VERIFY)
    assert scard.card.sent == [PIN_VERIFY, LOG_OUT]


# --- interrupts --------------------------------------------------------------------------------------


def test_an_interrupt_while_the_card_works_lets_everything_go(scard: FakeScard) -> None:
    with pytest.raises(KeyboardInterrupt), ReaderCard(READER, scard) as card:
        scard.interrupt_after("SCardTransmit")
        card.transmit(PIN_VERIFY)
    assert scard.card.sent == [PIN_VERIFY, LOG_OUT]
    assert scard.dispositions == POWERED_OFF
    assert scard.nothing_is_open


@pytest.mark.parametrize("call", ["SCardTransmit", *LEAVING])
@pytest.mark.parametrize("late", [True, False], ids=["after the call", "before the call"])
def test_an_interrupt_while_leaving_is_raised_when_all_is_done(scard: FakeScard, call: str, late: bool) -> None:
    with pytest.raises(KeyboardInterrupt), ReaderCard(READER, scard) as card:
        card.transmit(PIN_VERIFY)
        if late:
            scard.interrupt_after(call)
        else:
            scard.fail(call, KeyboardInterrupt())
    assert scard.card.sent in ([PIN_VERIFY, LOG_OUT], [PIN_VERIFY])
    assert not scard.card.verified
    assert scard.nothing_is_open


def test_two_interrupts_while_leaving_stop_nothing_either(scard: FakeScard) -> None:
    with pytest.raises(KeyboardInterrupt), ReaderCard(READER, scard) as card:
        card.transmit(PIN_VERIFY)
        scard.fail("SCardTransmit", KeyboardInterrupt())
        scard.fail("SCardEndTransaction", KeyboardInterrupt())
    assert not scard.card.verified
    assert scard.nothing_is_open


def test_an_interrupt_while_leaving_keeps_the_error_it_met(scard: FakeScard) -> None:
    with pytest.raises(KeyboardInterrupt) as raised, ReaderCard(READER, scard):
        scard.interrupt_after("SCardDisconnect")
        raise ZeroDivisionError
    assert isinstance(raised.value.__context__, ZeroDivisionError)


# --- misuse, secrets ---------------------------------------------------------------------------------


def test_a_card_is_of_no_use_before_and_after(scard: FakeScard) -> None:
    card = ReaderCard(READER, scard)
    for _ in range(2):
        with pytest.raises(errors.UsageError, match=READER):
            card.transmit(SELECT)
        with pytest.raises(errors.UsageError, match=READER):
            _ = card.atr
        with card:
            pass
    assert scard.card.sent == []


def test_a_card_is_not_entered_twice(scard: FakeScard) -> None:
    with ReaderCard(READER, scard) as card:
        with pytest.raises(errors.UsageError), card:
            pytest.fail("entered")
        assert card.transmit(SELECT) == b"\x90\x00"
    assert scard.nothing_is_open


@pytest.mark.parametrize("outcome", [NOT_TRANSACTED, REMOVED, RESET, SystemError("NULL"), KeyboardInterrupt()])
def test_one_pin_is_one_verify_whatever_happens(scard: FakeScard, outcome: int | BaseException) -> None:
    kind = KeyboardInterrupt if isinstance(outcome, KeyboardInterrupt) else errors.VerificationOutcomeUnknownError
    scard.card.answers = [[0x63, 0xC3]]  # to the status query
    scard.fails_on[PIN_VERIFY] = outcome
    with pytest.raises(kind) as raised, ReaderCard(READER, scard) as card:
        verify(Channel(card), USER_AUTHENTICATION.pin, Pin("4711"))
    assert scard.transmitted.count(PIN_VERIFY) == 1
    assert not leaks(raised.value, "4711")


def test_no_pin_reaches_the_log(scard: FakeScard, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    with ReaderCard(READER, scard) as card:
        card.transmit(PIN_VERIFY)
        scard.fail("SCardTransmit", TypeError(str(list(PIN_VERIFY))))
        scard.fail("SCardEndTransaction", 0x80100013)
        scard.fail("SCardDisconnect", 0x80100013)
        scard.fail("SCardReleaseContext", 0x80100013)
    assert len(caplog.records) == 4
    assert "52, 55, 49, 49" not in caplog.text
    assert "4711" not in caplog.text
