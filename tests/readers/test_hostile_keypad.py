"""Readers that answer anything, or nothing, where a PIN is to be typed: nobody is asked twice, nothing stays open."""

from __future__ import annotations

import contextlib
import logging
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from typing import Final

import pytest

from mynacard import AtKeypad, errors
from mynacard.apdu.change import change
from mynacard.apdu.channel import Channel
from mynacard.apdu.commands import ChangeReferenceData
from mynacard.apdu.keypad import Feature, TypedCommand, feature_list
from mynacard.apdu.pins import PinReference, PinSecret
from mynacard.apdu.verification import verify
from mynacard.cli.slots import SLOTS
from mynacard.jpki.layout import USER_AUTHENTICATION
from mynacard.personal import COMMON_PIN, change_resident_register_pin
from mynacard.pin import Pin
from mynacard.readers import Deadlines, ReaderCard, ReaderIdentity, Worker
from mynacard.readers.codes import FAILURES
from mynacard.readers.pyscard import Pyscard
from tests.readers.fake_scard import LOG_OUT, READER, FakeScard

GET_FEATURES, VERIFY, MODIFY, PROPERTIES = 0x42000D48, 0x42330006, 0x42330007, 0x42330012
KEYS: Final = feature_list({Feature.VERIFY_PIN_DIRECT: VERIFY, Feature.MODIFY_PIN_DIRECT: MODIFY})
KEYPAD: Final = AtKeypad(untested=True)
TRIES: Final = [0x63, 0xC3]
UNPOWER: Final = FakeScard.SCARD_UNPOWER_CARD


@pytest.fixture
def scard() -> FakeScard:
    made = FakeScard()
    made.controls = {GET_FEATURES: list(KEYS), VERIFY: made.card.typed, MODIFY: made.card.typed}
    made.card.answers = [TRIES]
    return made


def reader_card(scard: FakeScard, **deadlines: float) -> ReaderCard:
    return ReaderCard(READER, Pyscard(scard), Deadlines(**deadlines))


def type_at(scard: FakeScard, keypad: PinSecret = KEYPAD, **deadlines: float) -> None:
    with reader_card(scard, **deadlines) as card, card.transaction():
        verify(Channel(card), USER_AUTHENTICATION.pin, keypad)


def asked(scard: FakeScard) -> int:
    """How often the reader was asked for a PIN, if it was asked for what it can do."""
    return scard.calls.count("SCardControl") - 1


def assert_left(scard: FakeScard) -> None:
    """That the card is logged out, has no power any more, and that nothing is open."""
    assert scard.nothing_is_open
    assert not scard.card.verified
    assert scard.dispositions["SCardEndTransaction"] + scard.dispositions["SCardDisconnect"] != []
    assert UNPOWER in scard.dispositions["SCardEndTransaction"] + scard.dispositions["SCardDisconnect"]


def test_a_pin_that_is_typed_is_logged_out_and_powered_off(scard: FakeScard) -> None:
    type_at(scard)
    assert scard.transmitted[-1] == LOG_OUT
    assert_left(scard)


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        ("", errors.VerificationOutcomeUnknownError),
        ("90", errors.VerificationOutcomeUnknownError),
        ("009000", errors.VerificationOutcomeUnknownError),
        ("5A" * 65536 + "9000", errors.VerificationOutcomeUnknownError),
        ("5A" * 65538, errors.VerificationOutcomeUnknownError),
        ("6110", errors.CardError),
        ("6C10", errors.CardError),
        ("6982", errors.SecurityStatusNotSatisfied),
        ("6300", errors.PinIncorrect),
        ("63C1", errors.PinIncorrect),
        ("63C0", errors.PinBlocked),
        ("6983", errors.PinBlocked),
        ("6984", errors.PinBlocked),
        ("6400", errors.PinEntryTimedOut),
        ("6401", errors.PinEntryCancelled),
        ("6402", errors.PinNotTyped),
        ("6403", errors.PinNotTyped),
        ("6B80", errors.NoKeypadError),
    ],
)
def test_each_answer_of_a_keypad_is_one_error_and_the_end(
    scard: FakeScard, answer: str, error: type[errors.MynacardError]
) -> None:
    scard.controls[VERIFY] = list(bytes.fromhex(answer))
    scard.card.verified = True  # as if it had reached the card
    with pytest.raises(errors.MynacardError) as raised:
        type_at(scard)
    assert type(raised.value) is error
    assert asked(scard) == 1
    assert_left(scard)


def test_a_keypad_that_says_yes_by_itself_opens_nothing(scard: FakeScard) -> None:
    scard.controls[VERIFY] = [0x90, 0x00]
    type_at(scard)
    assert_left(scard)


UNKNOWN_CODES: Final = (0x00000001, 0x00000032, 0x80100022, 0x8010006B, 0x80100099)
"""Windows's ERROR_INVALID_FUNCTION and ERROR_NOT_SUPPORTED, and codes that the table does not name."""


@pytest.mark.parametrize("code", [*FAILURES, *UNKNOWN_CODES], ids=hex)
def test_a_code_in_the_place_of_an_answer_may_have_cost_a_try(scard: FakeScard, code: int) -> None:
    scard.controls[VERIFY] = code
    with pytest.raises(errors.VerificationOutcomeUnknownError) as raised:
        type_at(scard)
    assert isinstance(raised.value.__cause__, errors.ReaderError)
    assert asked(scard) == 1
    assert_left(scard)


@pytest.mark.parametrize("code", [*FAILURES, *UNKNOWN_CODES], ids=hex)
def test_a_reader_that_cannot_say_what_it_can_do_asks_nobody(scard: FakeScard, code: int) -> None:
    scard.controls[GET_FEATURES] = code
    with pytest.raises(errors.ReaderError):
        type_at(scard)
    assert asked(scard) == 0
    assert scard.nothing_is_open


@pytest.mark.parametrize("code", [0x00000001, 0x00000032, 0x00000016, 0x80100022, 0x80100016, 0x00000490], ids=hex)
def test_a_driver_without_part_10_is_a_reader_without_keys(scard: FakeScard, code: int) -> None:
    scard.controls[GET_FEATURES] = code
    with pytest.raises(errors.NoKeypadError):
        type_at(scard)
    assert UNPOWER not in scard.dispositions["SCardEndTransaction"], "no PIN was shown"


@pytest.mark.parametrize(
    "features",
    [
        "", "06", "0604", "060442330006FF", "0605420000000006", "060042330006", "FF" * 65538, "0A044233000A",
        "060400000000",
    ],
)  # fmt: skip
def test_a_list_of_features_that_names_no_keys_is_a_reader_without(scard: FakeScard, features: str) -> None:
    scard.controls[GET_FEATURES] = list(bytes.fromhex(features))
    with pytest.raises(errors.NoKeypadError):
        type_at(scard)
    assert asked(scard) == 0


def test_a_long_list_of_features_is_read_in_time(scard: FakeScard) -> None:
    scard.controls[GET_FEATURES] = list(KEYS * 5000)
    began = time.process_time()
    type_at(scard)
    assert time.process_time() - began < 5
    assert asked(scard) == 1


@pytest.mark.parametrize("timeout_s", [0, -1, 256, 1 << 40, 1.5, "30", True, None])
def test_a_time_that_no_reader_can_wait_is_refused_before_anything_is_sent(scard: FakeScard, timeout_s: object) -> None:
    keypad = replace(KEYPAD, timeout_s=timeout_s)  # type: ignore[arg-type]
    with pytest.raises(errors.UsageError, match="255"):
        type_at(scard, keypad)
    with pytest.raises(errors.UsageError), reader_card(scard) as card, card.transaction():
        change(Channel(card), USER_AUTHENTICATION.pin, ChangeReferenceData, Pin("4711"), keypad)
    assert scard.transmitted == []


@pytest.mark.parametrize(("timeout_s", "new", "longest"), [(1, False, 2), (255, False, 510), (30, True, 120)])
def test_slow_fingers_are_waited_for_to_the_readers_last_moment(timeout_s: int, new: bool, longest: int) -> None:
    assert TypedCommand(b"\x00\x20\x00\x98", 4, 4, new, timeout_s).longest_s == longest


# --- readers that do not answer, and people who do not wait ------------------------------------------


def test_a_reader_that_never_answers_is_given_up_and_powered_off_when_it_does(
    scard: FakeScard, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(TypedCommand, "longest_s", 0)
    released = scard.block("SCardControl", after=1)
    with pytest.raises(errors.VerificationOutcomeUnknownError):
        type_at(scard, card_s=0.05)
    assert not scard.nothing_is_open
    released.set()  # and somebody types
    scard.wait_until_nothing_is_open()
    assert_left(scard)


def interrupted_while_typing(scard: FakeScard, monkeypatch: pytest.MonkeyPatch, after: Callable[[], None]) -> None:
    """Ctrl-C while the reader asks for a PIN; then *after*, in another thread."""
    released = scard.block("SCardControl", after=1)
    run = Worker.run
    threads: list[threading.Thread] = []

    def interrupted(worker: Worker, call: str, job: Callable[[], object], timeout_s: float) -> object:
        if call != "SCardControl":
            return run(worker, call, job, timeout_s)
        worker.post(job)
        threads.append(threading.Thread(target=lambda: (after(), released.set())))
        threads[0].start()
        raise KeyboardInterrupt

    monkeypatch.setattr(Worker, "run", interrupted)
    with pytest.raises(KeyboardInterrupt):
        type_at(scard, leaving_s=0.01)
    threads[0].join()


def test_who_leaves_while_a_reader_asks_waits_for_its_end_and_takes_the_login_along(
    scard: FakeScard, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.WARNING):
        interrupted_while_typing(scard, monkeypatch, lambda: time.sleep(0.2))
    assert scard.transmitted[-1] == LOG_OUT
    assert_left(scard)
    assert "cancel key" in caplog.text


@pytest.mark.parametrize("answer", [None, "6401", ""])
def test_who_leaves_after_it_has_ended_waits_no_longer_than_ever(
    scard: FakeScard, monkeypatch: pytest.MonkeyPatch, answer: str | None
) -> None:
    waited: list[float] = []

    class Watched(Worker):
        def finish(self, job: Callable[[], object], timeout_s: float) -> bool:
            waited.append(timeout_s)
            return super().finish(job, timeout_s)

    monkeypatch.setattr("mynacard.readers.reader_card.Worker", Watched)
    if answer is not None:
        scard.controls[VERIFY] = list(bytes.fromhex(answer))
    with contextlib.suppress(errors.MynacardError):
        type_at(scard)
    assert set(waited) == {Deadlines().leaving_s}


def test_another_thread_cannot_type_in_between(scard: FakeScard) -> None:
    found: list[BaseException] = []

    def other(card: ReaderCard) -> None:
        try:
            card.transmit_typed(TypedCommand(b"\x00\x20\x00\x98", 4, 4, untested=True))
        except errors.MynacardError as error:
            found.append(error)

    with reader_card(scard) as card, card.transaction():
        thread = threading.Thread(target=other, args=(card,))
        thread.start()
        thread.join()
    assert [type(error) for error in found] == [errors.OwnershipError]
    assert asked(scard) == -1, "not even asked what it can do"


# --- a new PIN ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("answer", ["6400", "6401", "6402", "6403", "6B80", "6A80", "", "6581", "019000"])
def test_a_change_that_ends_without_a_new_pin_is_logged_out_as_well(scard: FakeScard, answer: str) -> None:
    scard.controls[MODIFY] = list(bytes.fromhex(answer))
    unclear = answer in ("", "6581", "019000")
    with pytest.raises(errors.MynacardError) as raised, reader_card(scard) as card, card.transaction():
        change(Channel(card), USER_AUTHENTICATION.pin, ChangeReferenceData, KEYPAD, KEYPAD)
    assert isinstance(raised.value, errors.ChangeOutcomeUnknownError) is unclear
    assert asked(scard) == 2
    assert scard.transmitted[-1] == LOG_OUT
    assert_left(scard)


def test_a_pin_that_is_two_keys_is_not_typed_at_a_reader(scard: FakeScard) -> None:
    for old, new in ((KEYPAD, KEYPAD), (Pin("4711"), KEYPAD), (KEYPAD, Pin("4711"))):
        with pytest.raises(errors.NoKeypadError), reader_card(scard) as card, card.transaction():
            change_resident_register_pin(card, old, new)
    assert scard.transmitted == []


# --- what is sent ------------------------------------------------------------------------------------


def test_the_lengths_that_a_keypad_is_told_are_those_of_the_form() -> None:
    def fits(reference: PinReference) -> list[int]:
        return [length for length in range(1, 30) if reference.form.fullmatch(b"7" * length)]

    references = {slot.pin for slot in SLOTS.values()} | {COMMON_PIN}
    typed = [reference for reference in references if not reference.upper_case]
    assert len(typed) > 5
    for reference in typed:
        lengths = fits(reference)
        assert lengths == list(range(lengths[0], lengths[-1] + 1)), "nothing between them that is no PIN"
        assert lengths[-1] <= 16


# --- what a reader tells of itself -------------------------------------------------------------------


def identity(scard: FakeScard, told: object) -> ReaderIdentity:
    tell = Feature.GET_TLV_PROPERTIES
    scard.controls |= {GET_FEATURES: list(feature_list({tell: PROPERTIES})), PROPERTIES: told}
    with reader_card(scard) as card:
        return card.identity()


@pytest.mark.parametrize(
    "told",
    [
        0x80100016, 0x00000032, 0x80100022, [], [0x0B], [0x0B, 2, 1], [0x0B, 0, 0x0C, 0],
        [0x0B, 3, 1, 2, 3, 0x0C, 2, 1, 2], [0x0B, 255, *[9] * 255, 0x0C, 255, *[9] * 255], [0x0A, 5, 1, 1, 1, 1, 1],
        [0x08, 3, 0x1B, 0x07, 0x00],
    ],
)  # fmt: skip
def test_a_reader_that_lies_about_itself_has_told_nothing(scard: FakeScard, told: object) -> None:
    assert identity(scard, told) == ReaderIdentity()


def test_a_firmwares_name_commands_no_terminal(scard: FakeScard) -> None:
    name = b"\x1b[2J\x1b]0;x\x07 1.0\xff"
    assert identity(scard, [0x08, len(name), *name]).firmware == "[2J]0;x 1.0\N{REPLACEMENT CHARACTER}"
