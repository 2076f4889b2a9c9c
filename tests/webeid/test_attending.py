"""Between dialog and card: what the holder can put right stays there, and each try that is spent was typed."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from hashlib import sha256, sha512
from pathlib import Path
from typing import Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mynacard import errors
from mynacard.apdu.pins import Blocked
from mynacard.consent import Act, Notice, Page, Refusal
from mynacard.doors import disk
from mynacard.hashes import HashAlgorithm
from mynacard.jpki import DF_NAME, DIGITAL_SIGNATURE, USER_AUTHENTICATION, JpkiSession
from mynacard.jpki.layout import KeyPair
from mynacard.pin import AtKeypad
from mynacard.readers import ReaderProfile, reader_card
from mynacard.simulator import SimulatedCard
from mynacard.trust import Verdict, load_certificate
from mynacard.webeid import AuthenticationToken, attending, verify_signature
from mynacard.webeid.attending import UseKeypad
from mynacard.webeid.messages import (
    ALGORITHMS,
    Answer,
    Authenticate,
    Failure,
    GetSigningCertificate,
    Request,
    Sign,
    SignatureMade,
    SigningCertificate,
    Token,
)
from tests.readers.fake_scard import ATR, READER, RESET, Clock, Desk, desk_with
from tests.support import CANARY, leaks
from tests.webeid.holders import Holder, Said

PASSWORD = "KANARIE73"
PINS = {USER_AUTHENTICATION.name: CANARY, DIGITAL_SIGNATURE.name: PASSWORD}
ORIGIN, NONCE = "https://portal.example", "n" * 44
LOG_IN, GET_CERTIFICATE = Authenticate(NONCE, ORIGIN), GetSigningCertificate(ORIGIN)
DIGEST = sha256(b"what the page wants signed").digest()
EMPTY, PRESENT = (0x12, list[int]()), (0x22, list(ATR))
REMOVED, SHARING, NO_SERVICE, UNKNOWN_ERROR = 0x80100069, 0x8010000B, 0x8010001D, 0x8010002F
VERIFY, SIGN, READ, SELECT_APPLICATION = 0x20, 0x2A, 0xB0, bytes.fromhex("00A4040C")


@pytest.fixture
def card() -> SimulatedCard:
    return disk.new_card(pins=PINS)


@pytest.fixture
def desk(card: SimulatedCard, monkeypatch: pytest.MonkeyPatch) -> Iterator[Desk]:
    """The card on the one reader; afterwards nothing is open, and nothing verified."""
    monkeypatch.setattr(attending, "_LOOK_EVERY_S", 0.0)
    yield (made := desk_with(card, monkeypatch))
    assert made.nothing_is_open
    assert not made.simulated.state.verified


def attend(
    request: Request, holder: Holder, *, seconds: float = 100, use_keypad: UseKeypad = UseKeypad.NEVER
) -> Answer:
    answer = attending.attend(request, holder, use_keypad=use_keypad, until=time.monotonic() + seconds)
    assert holder.closed == 1
    return answer


def certificate_of(card: SimulatedCard) -> bytes:
    session = JpkiSession(card)
    session.verify(DIGITAL_SIGNATURE, PASSWORD)
    der = session.certificate_der(DIGITAL_SIGNATURE)
    card.power_off()
    return der


def sign(card: SimulatedCard, digest: bytes = DIGEST, hash_: HashAlgorithm = HashAlgorithm.SHA256) -> Sign:
    return Sign(digest, hash_, certificate_of(card), ORIGIN)


def leave(card: SimulatedCard, pair: KeyPair, tries: int) -> None:
    card.pins[DF_NAME, pair.pin.key].tries_left = tries


def left(card: SimulatedCard, pair: KeyPair = USER_AUTHENTICATION) -> int:
    return card.pins[DF_NAME, pair.pin.key].tries_left


def instructions(desk: Desk) -> list[int]:
    return [command[1] for command in desk.transmitted]


# --- answers ---


def test_a_log_in_is_a_token_for_this_page_and_costs_one_verify(desk: Desk) -> None:
    answer = attend(LOG_IN, holder := Holder(CANARY))
    assert isinstance(answer, Token)
    token = AuthenticationToken(answer.certificate_der, answer.algorithm, answer.signature)
    assert verify_signature(token, ORIGIN, NONCE).verdict is Verdict.GOOD
    assert (answer.format, answer.app_version) == (token.format, token.app_version)
    assert len(desk.verifies) == instructions(desk).count(SIGN) == 1
    (request,) = holder.requests
    assert (request.asker, request.act, request.pin) == (Page(ORIGIN), Act.LOG_IN, USER_AUTHENTICATION.pin)
    assert (request.signatures, request.hash_name, request.digest) == (1, "", b"")
    assert (request.incorrect, request.keypad) == (False, None)
    assert 90 < request.seconds <= 100


def test_the_signing_certificate_costs_one_verify_and_no_signature(desk: Desk, card: SimulatedCard) -> None:
    certificate_der = certificate_of(card)
    assert attend(GET_CERTIFICATE, holder := Holder(PASSWORD)) == SigningCertificate(certificate_der, ALGORITHMS)
    assert (len(desk.verifies), instructions(desk).count(SIGN)) == (1, 0)
    (request,) = holder.requests
    assert (request.act, request.pin, request.signatures) == (
        Act.READ_SIGNING_CERTIFICATE,
        DIGITAL_SIGNATURE.pin,
        0,
    )


@pytest.mark.parametrize(
    ("hash_", "name", "digest"),
    [(HashAlgorithm.SHA256, "SHA-256", DIGEST), (HashAlgorithm.SHA512, "SHA-512", sha512(b"more").digest())],
)
def test_a_signature_is_of_the_hash_that_was_shown(
    desk: Desk, card: SimulatedCard, hash_: HashAlgorithm, name: str, digest: bytes
) -> None:
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
    from cryptography.hazmat.primitives.asymmetric.utils import Prehashed

    command = sign(card, digest, hash_)
    answer = attend(command, holder := Holder(PASSWORD))
    assert isinstance(answer, SignatureMade)
    assert answer.hash_ is hash_
    key = load_certificate(command.certificate_der).public_key()
    assert isinstance(key, RSAPublicKey)
    algorithm = hashes.SHA256() if hash_ is HashAlgorithm.SHA256 else hashes.SHA512()
    key.verify(answer.signature, digest, PKCS1v15(), Prehashed(algorithm))
    (request,) = holder.requests
    assert (request.act, request.hash_name, request.digest, request.signatures) == (Act.SIGN, name, digest, 1)


def test_a_signature_is_one_verify_then_the_certificate_then_the_signature(desk: Desk, card: SimulatedCard) -> None:
    attend(sign(card), Holder(PASSWORD))
    sent = desk.transmitted
    verified = sent.index(desk.verifies[0])
    assert len(desk.verifies) == 1
    assert READ not in [command[1] for command in sent[:verified]]
    after = [command[1] for command in sent[verified + 1 :]]
    assert READ in after[: after.index(SIGN)]
    assert after.count(SIGN) == 1


@pytest.mark.parametrize(("command", "pin", "key"), [("log in", CANARY, 0x97), ("sign", PASSWORD, 0x9A)])
def test_the_key_that_logs_in_signs_no_hash_of_a_page(
    desk: Desk, card: SimulatedCard, command: str, pin: str, key: int
) -> None:
    attend(LOG_IN if command == "log in" else sign(card), Holder(pin))
    assert [sent[3] for sent in desk.transmitted if sent[1] == SIGN] == [key]
    holds_digest = [DIGEST in sent for sent in desk.transmitted if sent[1] == SIGN]
    assert holds_digest == [command == "sign"]


@pytest.mark.parametrize("command", [LOG_IN, GET_CERTIFICATE])
def test_before_the_holder_answers_the_card_is_only_asked_what_is_free(desk: Desk, command: Request) -> None:
    asked: list[bytes] = []

    def note() -> Refusal:
        assert desk.transaction is None, "nobody types in a transaction"
        asked.extend(desk.transmitted)
        return Refusal.CANCELLED

    assert attend(command, Holder(note)) is Failure.CANCELLED
    assert [sent[1] for sent in asked if sent[1] not in {0xA4, VERIFY}] == []
    assert [sent for sent in asked if sent[1] == VERIFY and len(sent) > 5] == []
    assert left(desk.simulated) == 3


# --- refusals and PINs ---


@pytest.mark.parametrize("refusal", [*Refusal])
def test_a_refusal_costs_nothing(desk: Desk, refusal: Refusal) -> None:
    expected = Failure.FAILED if refusal is Refusal.NO_DOOR else Failure.CANCELLED
    assert attend(LOG_IN, Holder(refusal)) is expected
    assert desk.verifies == []


def test_after_a_wrong_pin_the_holder_is_asked_again_and_sees_the_tries(desk: Desk, card: SimulatedCard) -> None:
    assert isinstance(attend(LOG_IN, holder := Holder("0000", CANARY)), Token)
    assert [request.incorrect for request in holder.requests] == [False, True]
    assert holder.tries == [3, 2]
    assert len(desk.verifies) == 2
    assert left(card) == 3


def test_after_a_wrong_pin_the_holder_can_stop(desk: Desk, card: SimulatedCard) -> None:
    assert attend(LOG_IN, Holder("0000", Refusal.CANCELLED)) is Failure.CANCELLED
    assert left(card) == 2


def test_the_last_try_is_spent_only_after_it_was_shown_as_the_last(desk: Desk, card: SimulatedCard) -> None:
    leave(card, USER_AUTHENTICATION, 2)
    assert isinstance(attend(LOG_IN, holder := Holder("0000", CANARY)), Token)
    assert holder.tries == [2, 1]


def test_a_try_that_went_while_the_holder_typed_is_shown_before_the_last_is_spent(
    desk: Desk, card: SimulatedCard
) -> None:
    leave(card, USER_AUTHENTICATION, 2)

    def another_program_fails() -> str:
        leave(card, USER_AUTHENTICATION, 1)
        return "0000"

    assert attend(LOG_IN, holder := Holder(another_program_fails, Refusal.CANCELLED)) is Failure.CANCELLED
    assert holder.tries == [2, 1]
    assert [request.incorrect for request in holder.requests] == [False, False]
    assert desk.verifies == []
    assert left(card) == 1


def test_a_pin_that_is_blocked_by_the_last_try_is_told_and_cancelled(desk: Desk, card: SimulatedCard) -> None:
    leave(card, USER_AUTHENTICATION, 1)
    assert attend(LOG_IN, holder := Holder("0000")) is Failure.CANCELLED
    assert (holder.tries, holder.notices) == ([1], [Notice.PIN_BLOCKED])
    assert len(desk.verifies) == 1


def test_nobody_is_asked_for_a_blocked_pin(desk: Desk, card: SimulatedCard) -> None:
    leave(card, DIGITAL_SIGNATURE, 0)
    assert attend(GET_CERTIFICATE, holder := Holder(PASSWORD)) is Failure.CANCELLED
    assert (holder.requests, holder.notices) == ([], [Notice.PIN_BLOCKED])
    assert isinstance(JpkiSession(card).pin_status(DIGITAL_SIGNATURE), Blocked)


@pytest.mark.parametrize("pin", ["", "12", "12345", "abcd", "１２３４"])
def test_a_pin_of_the_wrong_form_is_asked_for_again_and_not_sent(desk: Desk, pin: str) -> None:
    assert isinstance(attend(LOG_IN, holder := Holder(pin, CANARY)), Token)
    assert holder.tries == [3, 3]
    assert len(desk.verifies) == 1


def test_a_password_may_be_typed_in_lowercase(desk: Desk) -> None:
    assert isinstance(attend(GET_CERTIFICATE, Holder(PASSWORD.lower())), SigningCertificate)


def test_a_dialog_that_never_learns_is_left(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(attending, "ROUNDS", 5)
    assert attend(LOG_IN, holder := Holder(*["12"] * 10)) is Failure.CANCELLED
    assert len(holder.requests) == 5


def test_when_the_time_is_up_nobody_is_asked(desk: Desk) -> None:
    assert attend(LOG_IN, holder := Holder(CANARY), seconds=0) is Failure.CANCELLED
    assert attend(LOG_IN, late := Holder(CANARY), seconds=-1) is Failure.CANCELLED
    assert holder.requests == late.requests == []
    del desk.readers[READER]
    assert attend(LOG_IN, holder := Holder(CANARY), seconds=0) is Failure.CANCELLED
    assert holder.notices == []


# --- notices ---


def test_without_a_reader_the_dialog_waits_for_one(desk: Desk) -> None:
    del desk.readers[READER]
    holder = Holder(CANARY, done=[lambda: desk.readers.update({READER: PRESENT})])
    assert isinstance(attend(LOG_IN, holder), Token)
    assert holder.notices == [Notice.NO_READER]


def test_without_a_card_the_dialog_waits_for_one(desk: Desk) -> None:
    desk.readers[READER] = EMPTY
    holder = Holder(CANARY, done=[lambda: desk.readers.update({READER: PRESENT})])
    assert isinstance(attend(LOG_IN, holder), Token)
    assert holder.notices == [Notice.NO_CARD]


def test_a_notice_can_be_cancelled(desk: Desk) -> None:
    desk.readers[READER] = EMPTY
    assert attend(LOG_IN, holder := Holder(done=[Refusal.CANCELLED])) is Failure.CANCELLED
    assert holder.requests == []


def test_a_service_that_is_not_there_is_a_reader_that_is_not_there(desk: Desk) -> None:
    desk.fail("SCardEstablishContext", NO_SERVICE)
    assert attend(LOG_IN, holder := Holder()) is Failure.CANCELLED
    assert holder.notices == [Notice.NO_READER]


def swap(desk: Desk, card: SimulatedCard) -> Callable[[], None]:
    """Another *card* takes the place of the one on the reader: whoever is connected hears that the card was removed."""

    def swapped() -> None:
        desk.simulated = card
        desk.fail("SCardBeginTransaction", REMOVED)

    return swapped


def without_jpki() -> SimulatedCard:
    card = disk.new_card(pins=PINS)
    answer = card.transmit

    def transmit(command: bytes, /) -> bytes:
        return b"\x6a\x82" if command.startswith(SELECT_APPLICATION) and DF_NAME in command else answer(command)

    card.transmit = transmit  # type: ignore[method-assign]
    return card


def test_another_kind_of_card_is_told_until_it_is_taken_away(desk: Desk, card: SimulatedCard) -> None:
    desk.simulated = without_jpki()
    holder = Holder(CANARY, done=[swap(desk, card)])
    assert isinstance(attend(LOG_IN, holder), Token)
    assert holder.notices == [Notice.OTHER_CARD]


def test_a_card_without_the_certificate_is_told(desk: Desk, card: SimulatedCard) -> None:
    other = disk.new_card(pins=PINS)
    answer = other.transmit
    file = bytes.fromhex("00A4020C02000A")
    other.transmit = lambda command, /: b"\x6a\x82" if command == file else answer(command)  # type: ignore[method-assign]
    desk.simulated = other
    holder = Holder(CANARY, done=[swap(desk, card)])
    assert isinstance(attend(LOG_IN, holder), Token)
    assert holder.notices == [Notice.NO_CERTIFICATE]
    assert desk.verifies != []


@pytest.mark.parametrize("code", [RESET, REMOVED])
def test_a_card_that_went_while_the_holder_typed_gets_no_pin_and_a_new_one_is_asked_for(desk: Desk, code: int) -> None:
    def pulled() -> str:
        desk.fail("SCardBeginTransaction", code)
        return CANARY

    assert attend(LOG_IN, holder := Holder(pulled)) is Failure.CANCELLED
    assert holder.notices == [Notice.CARD_REMOVED]
    assert desk.verifies == []


def test_a_card_that_was_pulled_and_put_back_goes_on_with_a_new_answer(desk: Desk) -> None:
    def pulled() -> str:
        desk.readers[READER] = EMPTY
        desk.fail("SCardBeginTransaction", REMOVED)
        return CANARY

    holder = Holder(pulled, CANARY, done=[lambda: desk.readers.update({READER: PRESENT})])
    assert isinstance(attend(LOG_IN, holder), Token)
    assert (holder.notices, holder.tries) == ([Notice.CARD_REMOVED], [3, 3])
    assert len(desk.verifies) == 1


def test_a_card_that_is_pulled_during_the_signature_is_asked_for_again(desk: Desk, card: SimulatedCard) -> None:
    desk.at_signature = REMOVED
    assert attend(LOG_IN, holder := Holder(CANARY)) is Failure.CANCELLED
    assert holder.notices == [Notice.CARD_REMOVED]
    assert left(card) == 3
    card.power_off()


def test_a_card_that_another_program_keeps_is_told_until_it_is_free(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept, connect = [True], desk.SCardConnect
    monkeypatch.setattr(desk, "SCardConnect", lambda *given: [SHARING, 0, 0] if kept else connect(*given))
    monkeypatch.setattr(reader_card, "time", Clock())
    holder = Holder(CANARY, done=[kept.clear])
    assert isinstance(attend(LOG_IN, holder), Token)
    assert holder.notices == [Notice.CARD_BUSY]


def test_a_certificate_that_is_not_this_cards_is_told_and_nothing_is_signed(desk: Desk, card: SimulatedCard) -> None:
    certificate_der = certificate_of(card)[:-1] + b"\x00"
    command = Sign(DIGEST, HashAlgorithm.SHA256, certificate_der, ORIGIN)
    assert attend(command, holder := Holder(PASSWORD)) is Failure.CANCELLED
    assert holder.notices == [Notice.OTHER_CARD]
    assert instructions(desk).count(SIGN) == 0
    assert left(card, DIGITAL_SIGNATURE) == 5


def test_after_the_card_is_changed_for_the_one_that_the_page_knows_the_holder_answers_again(
    desk: Desk, card: SimulatedCard, tmp_path: Path
) -> None:
    disk.create_file(tmp_path / "other.json", pins=PINS)  # with keys of its own
    with disk.open_file(tmp_path / "other.json") as other:
        assert isinstance(other, SimulatedCard)
        desk.simulated = other
        holder = Holder(PASSWORD, PASSWORD, done=[swap(desk, card)])
        assert isinstance(attend(sign(card), holder), SignatureMade)
        assert (holder.notices, holder.tries) == ([Notice.OTHER_CARD], [5, 5])
        assert (len(desk.verifies), instructions(desk).count(SIGN)) == (2, 1)
        assert not other.state.verified


# --- keypads, and what the holder cannot put right ---


FEATURES: Final = [0x06, 4, 0x42, 0x33, 0x00, 0x06]  # PC/SC part 10: VERIFY_PIN_DIRECT, by its control code
GET_FEATURES: Final = 0x42000000 + 3400


@pytest.mark.parametrize(
    ("use_keypad", "tested", "reported", "asked"),
    [
        (UseKeypad.ALWAYS, False, False, True),
        (UseKeypad.WHERE_TESTED, True, True, True),
        (UseKeypad.WHERE_TESTED, True, False, False),
        (UseKeypad.WHERE_TESTED, False, True, False),
        (UseKeypad.NEVER, True, True, False),
    ],
)
def test_a_keypad_is_used_where_it_was_tested_or_the_holder_says_so(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, use_keypad: UseKeypad, tested: bool, reported: bool, asked: bool
) -> None:
    monkeypatch.setattr(reader_card, "profile_of", lambda _: ReaderProfile(keypad_tested=tested))
    if reported:
        desk.controls[GET_FEATURES] = FEATURES
    attend(LOG_IN, holder := Holder(Refusal.CANCELLED), use_keypad=use_keypad)
    assert holder.requests[0].keypad == (AtKeypad() if asked else None)


def test_a_password_is_never_typed_at_a_keypad_which_has_no_letters(desk: Desk) -> None:
    attend(GET_CERTIFICATE, holder := Holder(Refusal.CANCELLED), use_keypad=UseKeypad.ALWAYS)
    assert holder.requests[0].keypad is None


def test_a_keypad_that_is_not_there_is_an_error(desk: Desk) -> None:
    with pytest.raises(errors.NoKeypadError):
        attend(LOG_IN, Holder(AtKeypad()), use_keypad=UseKeypad.ALWAYS)
    assert desk.verifies == []


def test_what_the_holder_cannot_put_right_is_an_error_without_the_pin(desk: Desk, card: SimulatedCard) -> None:
    desk.fails_on[bytes.fromhex("00200098") + b"\x04" + CANARY.encode()] = UNKNOWN_ERROR
    with pytest.raises(errors.MynacardError) as caught:
        attend(LOG_IN, Holder(CANARY))
    assert leaks(caught.value) == []
    card.power_off()


@given(st.lists(st.sampled_from([CANARY, "0000", "12", *Refusal]), max_size=6))
def test_no_try_is_lost_but_by_an_answer_of_the_holder(answers: list[Said]) -> None:
    card = disk.new_card(pins=PINS)
    with pytest.MonkeyPatch.context() as patch:
        desk = desk_with(card, patch)
        holder = Holder(*answers)
        attend(LOG_IN, holder)
    given_ = answers[: len(holder.requests)]
    wrong = given_.count("0000")
    assert len(desk.verifies) == wrong + (CANARY in given_)
    assert left(card) == (3 if CANARY in given_ else 3 - wrong)
    assert not card.state.verified
    assert desk.nothing_is_open
