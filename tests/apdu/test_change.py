"""The one place that sends a new PIN: what it refuses to send, that it sends once, that nothing stays behind."""

from __future__ import annotations

import itertools
import logging
import re
from collections.abc import Callable

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from mynacard import errors
from mynacard.apdu.change import ChangeKind, change
from mynacard.apdu.channel import CardProfile, Channel
from mynacard.apdu.commands import ChangeKey, ChangeReferenceData, VerifyStatus
from mynacard.apdu.pins import PinReference
from mynacard.pin import Pin
from tests.extent import examples
from tests.support import CANARY, Answer, CardThat, ScriptedCard, leaks, tells

Scripted = Callable[..., ScriptedCard]

DIGITS = PinReference("four digits", 0x1C, 3, re.compile(rb"[0-9]{4}"), "exactly 4 digits")
CAPITALS = PinReference("password", 0x1B, 5, re.compile(rb"[0-9A-Z]{6,16}"), "6 to 16 capitals", upper_case=True)
KINDS = pytest.mark.parametrize("kind", [ChangeReferenceData, ChangeKey], ids=lambda kind: kind.title)

OLD, NEW = Pin("1234"), Pin(CANARY)
STATUS, VERIFY, SELECT = "0020009C", "0020009C0431323334", "00A4020C02001C"
CHANGE = {
    ChangeReferenceData: "0024018004" + CANARY.encode().hex(),
    ChangeKey: "8032008004" + CANARY.encode().hex(),
}
BEFORE = ((STATUS, "63C3"), (VERIFY, "9000"), (SELECT, "9000"))


def is_change(command: bytes) -> bool:
    return command[1] in {0x24, 0x32}


@KINDS
def test_a_change_is_the_tries_the_old_one_its_ef_and_the_new_one(scripted: Scripted, kind: ChangeKind) -> None:
    change(Channel(scripted(*BEFORE, (CHANGE[kind], "9000"))), DIGITS, kind, OLD, NEW)


def test_a_card_without_short_identifiers_costs_one_more(scripted: Scripted) -> None:
    channel = Channel(
        scripted(
            (SELECT, "9000"), ("00200080", "63C3"), ("002000800431323334", "9000"),
            (SELECT, "9000"), (CHANGE[ChangeKey], "9000"),
        ),
        CardProfile(selects_first=frozenset({VerifyStatus})),
    )  # fmt: skip
    change(channel, DIGITS, ChangeKey, OLD, NEW)


def test_a_password_is_changed_in_capitals(scripted: Scripted) -> None:
    card = scripted(
        ("0020009B", "63C5"), ("0020009B06414243313233", "9000"), ("00A4020C02001B", "9000"),
        ("0024018006414243343536", "9000"),
    )  # fmt: skip
    change(Channel(card), CAPITALS, ChangeReferenceData, Pin("abc123"), Pin("Abc456"), upper_case=True)


# --- before anything is sent ---


@pytest.mark.parametrize(("old", "new"), [("123", CANARY), ("1234", "739"), ("1234", ""), ("1234", "739a"), ("", "")])
def test_a_value_of_the_wrong_form_is_not_sent_and_neither_is_the_other(old: str, new: str) -> None:
    card = CardThat(lambda command: "9000")
    with pytest.raises(errors.PinFormError) as caught:
        change(Channel(card), DIGITS, ChangeKey, Pin(old), Pin(new), spend_last_try=True)
    assert card.sent == []
    assert leaks(caught.value) == []


@pytest.mark.parametrize(("old", "new"), [("ABC123", "ABC123"), ("ABC123", "abc123"), ("abc123", "ABC123")])
def test_a_new_value_that_is_the_old_one_is_not_sent(old: str, new: str) -> None:
    card = CardThat(lambda command: "9000")
    with pytest.raises(errors.UsageError, match="is the same as the old one"):
        change(Channel(card), CAPITALS, ChangeReferenceData, Pin(old), Pin(new), upper_case=True)
    assert card.sent == []


# --- before the change is sent ---


@pytest.mark.parametrize(
    ("script", "raised"),
    [
        (((STATUS, "63C0"),), errors.PinBlocked),
        (((STATUS, "63C1"),), errors.LastTryError),
        (((STATUS, "63C3"), (VERIFY, "63C2")), errors.PinIncorrect),
        (((STATUS, "63C3"), (VERIFY, "6984")), errors.PinBlocked),
        (((STATUS, "63C3"), (VERIFY, "")), errors.VerificationOutcomeUnknownError),
        (((STATUS, "63C3"), (VERIFY, errors.CardRemovedError("gone"))), errors.VerificationOutcomeUnknownError),
        (((STATUS, "63C3"), (VERIFY, "9000"), (SELECT, "6A82")), errors.FileNotFound),
        (((STATUS, "63C3"), (VERIFY, "9000"), (SELECT, "")), errors.OutcomeUnknownError),
    ],
    ids=["blocked", "last-try", "wrong", "blocks", "silent", "removed", "no-ef", "ef-silent"],
)
def test_unless_the_old_one_is_taken_no_new_one_is_sent(
    scripted: Scripted, script: tuple[tuple[str, Answer], ...], raised: type[errors.MynacardError]
) -> None:
    with pytest.raises(raised) as caught:
        change(Channel(scripted(*script)), DIGITS, ChangeKey, OLD, NEW)
    assert not isinstance(caught.value, errors.ChangeOutcomeUnknownError)
    assert leaks(caught.value) == []


def test_the_last_try_is_spent_where_somebody_allowed_it(scripted: Scripted) -> None:
    card = scripted((STATUS, "63C1"), *BEFORE[1:], (CHANGE[ChangeKey], "9000"))
    change(Channel(card), DIGITS, ChangeKey, OLD, NEW, spend_last_try=True)


# --- once, and what then ---

NO_ANSWER: dict[str, Answer] = {
    "removed": errors.CardRemovedError("The card was removed."),
    "timeout": errors.CallTimeoutError("Too late.", call="SCardTransmit"),
    "empty": "",
    "one-byte": "90",
    "echo": CHANGE[ChangeKey] + "9000",
}
MAYBE = {f"{word:04X}": f"{word:04X}" for word in (0x6100, 0x6282, 0x6300, 0x63C2, 0x6581, 0x6F00, 0x9001, 0x0000)}


@pytest.mark.parametrize("answer", (NO_ANSWER | MAYBE).values(), ids=(NO_ANSWER | MAYBE).keys())
def test_without_a_clear_answer_the_outcome_is_unknown_and_nothing_is_sent_again(
    scripted: Scripted, answer: Answer
) -> None:
    with pytest.raises(errors.ChangeOutcomeUnknownError, match="four digits") as caught:
        change(Channel(scripted(*BEFORE, (CHANGE[ChangeKey], answer))), DIGITS, ChangeKey, OLD, NEW)
    assert isinstance(caught.value.__cause__, errors.MynacardError)
    lost = isinstance(caught.value.__cause__, errors.CardLostError)
    assert type(caught.value) is (errors.CardLostAtChangeError if lost else errors.ChangeOutcomeUnknownError)
    assert leaks(caught.value) == []
    assert leaks(caught.value, "1234") == []


@KINDS
@pytest.mark.parametrize(
    ("answer", "raised"),
    [
        ("6A80", errors.CardError),
        ("6982", errors.SecurityStatusNotSatisfied),
        ("6400", errors.CardError),
        ("6700", errors.WrongLength),
        ("6A86", errors.FunctionNotSupported),
        ("6D00", errors.FunctionNotSupported),
        ("6984", errors.PinBlocked),
        ("6CFF", errors.CardError),
    ],
)
def test_a_refusal_leaves_the_old_one_and_is_not_answered_by_another_form(
    scripted: Scripted, kind: ChangeKind, answer: str, raised: type[errors.CardError]
) -> None:
    with pytest.raises(raised) as caught:
        change(Channel(scripted(*BEFORE, (CHANGE[kind], answer))), DIGITS, kind, OLD, NEW)
    assert caught.value.during == kind.title
    assert leaks(caught.value) == []


@pytest.mark.parametrize("signal", [KeyboardInterrupt(), SystemExit(1)], ids=lambda error: type(error).__name__)
def test_an_interruption_stays_itself_and_keeps_no_pin(scripted: Scripted, signal: BaseException) -> None:
    with pytest.raises(type(signal)) as caught:
        change(Channel(scripted(*BEFORE, (CHANGE[ChangeKey], signal))), DIGITS, ChangeKey, OLD, NEW)
    assert caught.value is signal
    assert leaks(caught.value) == []


def test_the_log_shows_neither_value(scripted: Scripted, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    change(Channel(scripted(*BEFORE, (CHANGE[ChangeKey], "9000"))), DIGITS, ChangeKey, OLD, NEW)
    assert not tells(caplog.text)
    assert not tells(caplog.text, "1234")
    assert "CommandApdu(80 32 00 80, nc=**, ne=0) -> ResponseApdu(nr=0, status=9000)" in caplog.messages


WORDS = st.sampled_from(
    [0x9000, 0x6101, 0x6C00, 0x63C0, 0x63C1, 0x63C3, 0x6300, 0x6982, 0x6984, 0x6A86, 0x6581, 0x6F00]
)
ANSWERS: st.SearchStrategy[Answer] = st.one_of(
    WORDS.map(lambda word: word.to_bytes(2, "big")),
    st.binary(max_size=40),
    st.sampled_from([errors.CardRemovedError, errors.OutcomeUnknownError]).map(lambda failure: failure("So it is.")),
)


@settings(max_examples=examples(300))
@given(st.lists(ANSWERS, min_size=1, max_size=5), st.booleans())
@example(["6A86", "9000", "63C3"], False)
@example(["63C3", "9000", "9000", "6A86"], False)
def test_a_hostile_card_gets_one_old_and_one_new_value_at_most(answers: list[Answer], allowed: bool) -> None:
    script = itertools.cycle(answers)
    said: list[Answer] = []

    def answer(command: bytes) -> Answer:
        said.append(next(script))
        return said[-1]

    card = CardThat(answer)
    try:
        change(Channel(card), DIGITS, ChangeReferenceData, OLD, NEW, spend_last_try=allowed)
    except errors.MynacardError as error:
        assert leaks(error) == []
    else:
        assert said[-1] in ("9000", b"\x90\x00")
    changes = [at for at, command in enumerate(card.sent) if is_change(command)]
    assert len(changes) <= 1
    assert len(card.verifies) <= 1
    assert len(card.sent) <= 7
    if changes:
        assert said[card.sent.index(card.verifies[0])] in ("9000", b"\x90\x00")
