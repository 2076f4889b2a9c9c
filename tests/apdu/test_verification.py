"""The one place that sends VERIFY: what it refuses to send, that it sends once, that nothing stays behind."""

from __future__ import annotations

import logging
import re
import traceback
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mynacard import errors
from mynacard.apdu import pins, verification
from mynacard.apdu.channel import CardProfile, Channel
from mynacard.apdu.commands import Verify, VerifyStatus
from mynacard.apdu.pins import PinReference, Verified
from mynacard.apdu.verification import check_form, pin_status, verify
from mynacard.pin import Pin
from tests.support import CANARY, SOURCE, CardThat, ScriptedCard, Vector, chain, id_of, leaks, tells, vectors

Scripted = Callable[..., ScriptedCard]
FILE = "jpki/verify.json"

DIGITS = PinReference("four digits", 0x18, 3, re.compile(rb"[0-9]{4}"), "exactly 4 digits")
CAPITALS = PinReference("password", 0x1B, 5, re.compile(rb"[0-9A-Z]{6,16}"), "6 to 16 capitals", upper_case=True)

STATUS, VERIFY_1234 = "00200098", "002000980431323334"
VERIFY_CANARY = "00200098" + "04" + CANARY.encode().hex()
STATUS_CAPITALS, VERIFY_ABC123 = "0020009B", "0020009B06414243313233"


# --- the form: a wrong one costs nothing ---

NO_FOUR_DIGITS = {
    "empty": "",
    "too-short": "123",
    "too-long": "12345",
    "letters": "abcd",
    "hex": "12AB",
    "full-width-digits": "１２３４",
    "one-full-width-digit": "123４",
    "arabic-indic-digits": "١٢٣٤",
    "superscript-digits": "¹²³⁴",
    "whitespace": "    ",
    "blank-inside": "12 4",
    "blank-before": " 1234",
    "blank-after": "1234 ",
    "ideographic-blank": "1234\u3000",
    "newline": "1234\n",
    "carriage-return": "1234\r",
    "newline-inside": "12\n4",
    "nul": "1234\0",
    "only-nul": "\0\0\0\0",
    "sign": "+123",
    "minus": "-123",
    "point": "1.23",
    "byte-order-mark": "\ufeff1234",
    "zero-width-blank": "12\u200b34",
    "lone-surrogate": "123\ud834",
    "password-of-the-other-key": "ABC123",
}
NO_PASSWORD = {
    "empty": "",
    "too-short": "ABC12",
    "too-long": "A" * 17,
    "four-digits-of-the-other-key": "1234",
    "lower-case": "abc123",
    "one-lower-case": "ABc123",
    "full-width": "ＡＢＣ１２３",
    "whitespace": "      ",
    "blank-inside": "ABC 123",
    "blank-after": "ABC123 ",
    "newline": "ABC123\n",
    "nul": "ABC123\0",
    "hyphen": "ABC-123",
    "underscore": "ABC_123",
    "sharp-s-that-has-no-capital": "ßABC123",
    "dotless-i-whose-capital-is-ascii": "ıABC123",
    "long-s-whose-capital-is-ascii": "ſABC123",
    "kelvin-sign": "\u212aABC123",
}
WRONG_FORMS = [pytest.param(DIGITS, typed, id=f"digits-{name}") for name, typed in NO_FOUR_DIGITS.items()]
WRONG_FORMS += [pytest.param(CAPITALS, typed, id=f"password-{name}") for name, typed in NO_PASSWORD.items()]


@pytest.mark.parametrize(("reference", "typed"), WRONG_FORMS)
def test_a_pin_of_the_wrong_form_never_reaches_the_card(reference: PinReference, typed: str) -> None:
    card = CardThat(lambda command: "9000")
    with pytest.raises(errors.PinFormError) as caught:
        verify(Channel(card), reference, Pin(typed), spend_last_try=True)
    assert card.sent == []
    assert caught.value.pin == reference.label


def test_cve_2023_40660_an_empty_pin_never_reaches_the_card_as_a_status_query() -> None:
    card = CardThat(lambda command: "9000")
    with pytest.raises(errors.PinFormError):
        verify(Channel(card), DIGITS, Pin(b""), spend_last_try=True)
    assert card.sent == []


@pytest.mark.parametrize(
    ("reference", "typed"),
    [(DIGITS, CANARY + "5"), (DIGITS, CANARY + "x"), (CAPITALS, "q" + CANARY + "z"), (CAPITALS, CANARY)],
)
def test_a_pin_of_the_wrong_form_is_not_quoted_and_not_kept(reference: PinReference, typed: str) -> None:
    with pytest.raises(errors.PinFormError) as caught:
        verify(Channel(CardThat(lambda command: "9000")), reference, Pin(typed))
    assert leaks(caught.value) == []


@given(st.binary(max_size=20))
def test_only_what_the_form_says_passes(secret: bytes) -> None:
    for reference in (DIGITS, CAPITALS):
        try:
            passed = check_form(reference, Pin(secret))
        except errors.PinFormError:
            assert not reference.form.fullmatch(secret)
        else:
            assert passed.reveal() == secret


def test_small_letters_are_sent_as_capitals_where_that_is_asked_for(scripted: Scripted) -> None:
    card = scripted((STATUS_CAPITALS, "63C5"), (VERIFY_ABC123, "9000"))
    verify(Channel(card), CAPITALS, Pin("aBc123"), upper_case=True)


def test_small_letters_are_not_sent_where_it_is_not_and_the_text_says_why() -> None:
    card = CardThat(lambda command: "9000")
    with pytest.raises(errors.PinFormError, match="lowercase letters"):
        verify(Channel(card), CAPITALS, Pin("abc123"))
    assert card.sent == []


@pytest.mark.parametrize("typed", ["ſABC123", "ıABC123", "ßABC123", "abc12", "abc 123", ""])
def test_capitals_are_made_of_ascii_letters_alone(typed: str) -> None:
    card = CardThat(lambda command: "9000")
    with pytest.raises(errors.PinFormError):
        verify(Channel(card), CAPITALS, Pin(typed), upper_case=True)
    assert card.sent == []


def test_digits_have_no_capitals() -> None:
    with pytest.raises(errors.PinFormError):
        check_form(DIGITS, Pin("abcd"), upper_case=True)


# --- what the card says of the PIN ---


@pytest.mark.parametrize("vector", [each for each in vectors(FILE, "means") if each.text("to") == "status"], ids=id_of)
def test_the_status_query_means_what_the_world_says(vector: Vector) -> None:
    card = CardThat(lambda command: "9000" if command[1] == 0xA4 else vector.text("answer"))
    means = vector.text("means")
    if hasattr(errors, means):
        with pytest.raises(errors.CardError) as caught:
            pin_status(Channel(card), DIGITS)
        assert type(caught.value) is getattr(errors, means)
    else:
        status = pin_status(Channel(card), DIGITS)
        assert type(status).__name__ == means
        assert getattr(status, "count", None) == vector.number_or_none("count")
    assert card.verifies == []


@pytest.mark.parametrize("vector", [each for each in vectors(FILE) if each.text("to") == "verify"], ids=id_of)
def test_the_answer_to_verify_means_what_the_world_says(scripted: Scripted, vector: Vector) -> None:
    channel = Channel(scripted((STATUS, "63C3"), (VERIFY_1234, vector.text("answer"))))
    if not vector.has("raises"):
        verify(channel, DIGITS, Pin("1234"))
        return
    with pytest.raises(errors.CardError) as caught:
        verify(channel, DIGITS, Pin("1234"))
    assert type(caught.value) is getattr(errors, vector.text("raises"))
    assert caught.value.status == int(vector.text("answer"), 16)
    if vector.has("tries_left"):
        assert getattr(caught.value, "tries_left", "nothing") == vector.number_or_none("tries_left")


def test_6984_is_never_four_tries() -> None:
    card = CardThat(lambda command: "6984")
    assert pin_status(Channel(card), DIGITS) == pins.Blocked(status=pin_status(Channel(card), DIGITS).status)  # type: ignore[union-attr]
    with pytest.raises(errors.PinBlocked):
        verify(Channel(card), DIGITS, Pin("1234"), spend_last_try=True)
    assert card.verifies == []


# --- whether it is sent ---


@pytest.mark.parametrize("answer", ["63C0", "6983", "6984"])
@pytest.mark.parametrize("allowed", [False, True])
def test_a_blocked_pin_never_reaches_the_card(scripted: Scripted, answer: str, allowed: bool) -> None:
    with pytest.raises(errors.PinBlocked) as caught:
        verify(Channel(scripted((STATUS, answer))), DIGITS, Pin("1234"), spend_last_try=allowed)
    assert caught.value.pin == DIGITS.label


def test_the_last_try_is_not_spent(scripted: Scripted) -> None:
    with pytest.raises(errors.LastTryError) as caught:
        verify(Channel(scripted((STATUS, "63C1"))), DIGITS, Pin("1234"))
    assert (caught.value.pin, caught.value.tries_left) == (DIGITS.label, 1)


@pytest.mark.parametrize("answer", ["6300", "9000"])
def test_an_unknown_number_of_tries_could_be_one(scripted: Scripted, answer: str) -> None:
    with pytest.raises(errors.LastTryError) as caught:
        verify(Channel(scripted((STATUS, answer))), DIGITS, Pin("1234"))
    assert caught.value.tries_left is None


@pytest.mark.parametrize("answer", ["63C1", "6300", "9000"])
def test_the_last_try_is_spent_where_somebody_allowed_it(scripted: Scripted, answer: str) -> None:
    verify(Channel(scripted((STATUS, answer), (VERIFY_1234, "9000"))), DIGITS, Pin("1234"), spend_last_try=True)


def test_cve_2023_40660_9000_to_the_status_query_is_no_login(scripted: Scripted) -> None:
    assert pin_status(Channel(scripted((STATUS, "9000"))), DIGITS) == Verified()
    card = scripted((STATUS, "9000"), (VERIFY_1234, "63C2"))
    with pytest.raises(errors.PinIncorrect):
        verify(Channel(card), DIGITS, Pin("1234"), spend_last_try=True)


@pytest.mark.parametrize("answer", ["6700", "6F00", "6982", "6D00", "6103", "6C03", "FFFF", "0000"])
def test_a_card_that_does_not_tell_gets_no_pin(scripted: Scripted, answer: str) -> None:
    with pytest.raises(errors.CardError):
        verify(Channel(scripted((STATUS, answer))), DIGITS, Pin("1234"), spend_last_try=True)


@pytest.mark.parametrize("answer", ["", "63", "5A63C3", "5A5A9000"])
def test_a_card_that_answers_nonsense_gets_no_pin(scripted: Scripted, answer: str) -> None:
    with pytest.raises((errors.OutcomeUnknownError, errors.ProtocolError)) as caught:
        verify(Channel(scripted((STATUS, answer))), DIGITS, Pin("1234"), spend_last_try=True)
    assert not isinstance(caught.value, errors.VerificationOutcomeUnknownError)


@pytest.mark.parametrize("tries", range(2, 16))
def test_with_more_than_one_try_left_the_pin_is_sent(scripted: Scripted, tries: int) -> None:
    verify(Channel(scripted((STATUS, f"63C{tries:X}"), (VERIFY_1234, "9000"))), DIGITS, Pin("1234"))


# --- by which form, and once ---


@pytest.mark.parametrize("refused", ["6981", "6986", "6A81", "6A82", "6A86", "6A88", "6B00"])
def test_a_card_without_short_identifiers_gets_the_pin_on_the_selected_ef(scripted: Scripted, refused: str) -> None:
    channel = Channel(scripted(
        (STATUS, refused), ("00A4020C020018", "9000"), ("00200080", "63C3"), ("002000800431323334", "9000"),
    ))  # fmt: skip
    verify(channel, DIGITS, Pin("1234"))
    assert channel.profile.selects_first == {VerifyStatus}


def test_what_was_learned_spares_the_refusal(scripted: Scripted) -> None:
    card = scripted(("00A4020C020018", "9000"), ("00200080", "63C3"), ("002000800431323334", "9000"))
    verify(Channel(card, CardProfile(selects_first=frozenset({VerifyStatus}))), DIGITS, Pin("1234"))


def test_a_pin_that_cannot_be_selected_is_absent_and_not_sent(scripted: Scripted) -> None:
    with pytest.raises(errors.PinAbsent, match=DIGITS.label):
        verify(
            Channel(scripted((STATUS, "6A86"), ("00A4020C020018", "6A82"))), DIGITS, Pin("1234"), spend_last_try=True
        )


@pytest.mark.parametrize("answer", ["63C3", "6300", "6283", "6100"])
def test_an_odd_answer_to_select_is_no_count_of_tries(scripted: Scripted, answer: str) -> None:
    """Whatever is the current EF then, it is not known to be this PIN."""
    with pytest.raises(errors.CardError):
        verify(
            Channel(scripted((STATUS, "6A86"), ("00A4020C020018", answer))), DIGITS, Pin("1234"), spend_last_try=True
        )


def test_a_pin_without_a_short_identifier_is_asked_for_and_verified_on_the_selected_ef(scripted: Scripted) -> None:
    reference = PinReference("far away", 0x011F, 3, DIGITS.form, DIGITS.form_label)
    card = scripted(("00A4020C02011F", "9000"), ("00200080", "63C3"), ("002000800431323334", "9000"))
    verify(Channel(card), reference, Pin("1234"))


@pytest.mark.parametrize("answer", ["6981", "6986", "6A81", "6A82", "6A86", "6A88", "6B00"])
def test_verify_is_not_repeated_in_the_other_form(scripted: Scripted, answer: str) -> None:
    with pytest.raises(errors.CardError):
        verify(Channel(scripted((STATUS, "63C3"), (VERIFY_1234, answer))), DIGITS, Pin("1234"))


@pytest.mark.parametrize("answer", ["6C00", "6C04", "6100", "6104", "63C2", "6F00"])
def test_verify_is_not_repeated_and_nothing_is_fetched(scripted: Scripted, answer: str) -> None:
    with pytest.raises(errors.CardError):
        verify(Channel(scripted((STATUS, "63C3"), (VERIFY_1234, answer))), DIGITS, Pin("1234"))


# --- no answer ---

LOST = {
    "removed": errors.CardRemovedError("The card was removed."),
    "reset": errors.CardResetError("The card was reset."),
    "reader": errors.ReaderError("The reader went away."),
    "outcome": errors.OutcomeUnknownError("No answer."),
    "empty": "",
    "one-byte": "90",
    "data-nobody-asked-for": "5A9000",
    "echo": VERIFY_CANARY + "9000",
    "garbage": "00" * 300,
}


@pytest.mark.parametrize("answer", LOST.values(), ids=LOST.keys())
def test_without_an_answer_the_outcome_is_unknown_and_nothing_is_sent_again(scripted: Scripted, answer: str) -> None:
    with pytest.raises(errors.VerificationOutcomeUnknownError) as caught:
        verify(Channel(scripted((STATUS, "63C3"), (VERIFY_CANARY, answer))), DIGITS, Pin(CANARY))
    assert isinstance(caught.value.__cause__, errors.MynacardError)
    assert DIGITS.label in str(caught.value)
    assert leaks(caught.value) == []


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        (errors.CardRemovedError("gone"), errors.CardLostAtVerificationError),
        (errors.CardResetError("reset"), errors.CardLostAtVerificationError),
        (errors.NoCardError("no card"), errors.CardLostAtVerificationError),
        (errors.ReaderError("stuck"), errors.VerificationOutcomeUnknownError),
    ],
)
def test_a_card_that_is_lost_at_verify_is_lost(scripted: Scripted, answer: Exception, kind: type[Exception]) -> None:
    with pytest.raises(errors.VerificationOutcomeUnknownError) as caught:
        verify(Channel(scripted((STATUS, "63C3"), (VERIFY_CANARY, answer))), DIGITS, Pin(CANARY))
    assert type(caught.value) is kind


@pytest.mark.parametrize(
    "signal", [KeyboardInterrupt(), SystemExit(1), MemoryError()], ids=lambda error: type(error).__name__
)
def test_an_interruption_stays_itself_and_keeps_no_pin(scripted: Scripted, signal: BaseException) -> None:
    with pytest.raises(type(signal)) as caught:
        verify(Channel(scripted((STATUS, "63C3"), (VERIFY_CANARY, signal))), DIGITS, Pin(CANARY))
    assert caught.value is signal
    assert leaks(caught.value) == []


# --- nothing stays behind ---


def raised_by_a_reader(command: bytes) -> BaseException:
    """What a reader raises: an error with a cause, and with another context, whose frames hold the command."""
    try:
        try:
            raise OSError("while sending")
        finally:
            raise TimeoutError("while cleaning up")
    except TimeoutError:
        try:
            raise errors.CardRemovedError("The card was removed.") from ValueError("as the driver has it")
        except errors.CardRemovedError as error:
            return error


def test_no_frame_of_what_led_to_the_error_is_kept() -> None:
    """Causes and contexts alike: a frame that held the PIN, of whatever package, must not hang on the error."""
    card = CardThat(lambda command: raised_by_a_reader(command) if len(command) > 4 else "63C3")
    with pytest.raises(errors.VerificationOutcomeUnknownError) as caught:
        verify(Channel(card), DIGITS, Pin(CANARY))
    below = chain(caught.value)[1:]
    assert {type(each) for each in below} == {errors.CardRemovedError, ValueError, TimeoutError, OSError}
    assert [each for each in below if each.__traceback__ is not None] == []


def test_the_search_would_find_a_pin_in_a_frame() -> None:
    """The same failure by a way that drops no frames: were they kept above, the tests above would see them."""
    card = CardThat(lambda command: errors.CardRemovedError("The card was removed."))
    with pytest.raises(errors.CardRemovedError) as caught:
        Channel(card).exchange_once(Verify(0x18, Pin(CANARY)))
    assert any("Channel.transmit" in where for where in leaks(caught.value))


def test_a_guard_that_keeps_the_frames_is_caught(scripted: Scripted, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(verification, "_without_frames", lambda error: error)
    with pytest.raises(errors.VerificationOutcomeUnknownError) as caught:
        verify(
            Channel(scripted((STATUS, "63C3"), (VERIFY_CANARY, errors.CardRemovedError("gone")))), DIGITS, Pin(CANARY)
        )
    assert leaks(caught.value) != []


ENDS: dict[str, tuple[tuple[str, object], ...]] = {
    "right": ((STATUS, "63C3"), (VERIFY_CANARY, "9000")),
    "wrong": ((STATUS, "63C3"), (VERIFY_CANARY, "63C2")),
    "blocks": ((STATUS, "63C3"), (VERIFY_CANARY, "63C0")),
    "refused": ((STATUS, "63C3"), (VERIFY_CANARY, "6985")),
    "blocked": ((STATUS, "63C0"),),
    "last-try": ((STATUS, "63C1"),),
    "query-fails": ((STATUS, errors.CardRemovedError("gone")),),
    "query-garbage": ((STATUS, "5A5A5A"),),
    "lost": ((STATUS, "63C3"), (VERIFY_CANARY, errors.CardResetError("reset"))),
    "short": ((STATUS, "63C3"), (VERIFY_CANARY, "")),
    "echo": ((STATUS, "63C3"), (VERIFY_CANARY, VERIFY_CANARY)),
}


def said_by_us(record: logging.LogRecord) -> dict[str, object]:
    """All in *record* but the numbers that logging takes from clock and system: their digits can be any PIN's."""
    theirs = {"created", "msecs", "relativeCreated", "thread", "process"}
    return {name: value for name, value in vars(record).items() if name not in theirs}


@pytest.mark.parametrize("script", ENDS.values(), ids=ENDS.keys())
def test_however_it_ends_no_log_text_or_traceback_shows_the_pin(
    scripted: Scripted, caplog: pytest.LogCaptureFixture, script: tuple[tuple[str, str], ...]
) -> None:
    caplog.set_level(logging.DEBUG)
    raised: errors.MynacardError | None = None
    try:
        verify(Channel(scripted(*script)), DIGITS, Pin(CANARY))
    except errors.MynacardError as error:
        raised = error
    assert not tells(caplog.text)
    assert not any(tells(repr(said_by_us(record))) for record in caplog.records)
    if raised is not None:
        assert leaks(raised) == []
        shown = traceback.TracebackException.from_exception(raised, capture_locals=True)
        own = [frame.locals or {} for frame in shown.stack if Path(frame.filename).resolve().is_relative_to(SOURCE)]
        assert own
        assert not tells(repr(own))


def test_a_verify_is_logged_by_header_and_counts(scripted: Scripted, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    verify(Channel(scripted((STATUS, "63C3"), (VERIFY_CANARY, "9000"))), DIGITS, Pin(CANARY))
    assert "CommandApdu(00 20 00 98, nc=**, ne=0) -> ResponseApdu(nr=0, status=9000)" in caplog.messages
