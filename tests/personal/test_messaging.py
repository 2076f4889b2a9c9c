"""Secure messaging: both ends as others describe it, and what a session does when the card ends it."""

from __future__ import annotations

import contextlib
from collections.abc import Callable

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from hypothesis import given
from hypothesis import strategies as st

from mynacard import errors
from mynacard.apdu.channel import Channel
from mynacard.apdu.commands import LOG_OUT, ReadBinary, SelectEf, Verify, VerifyStatus, encode
from mynacard.apdu.message import CommandApdu, ResponseApdu
from mynacard.apdu.secure import is_protected, open_command, open_response, protect_command, protect_response
from mynacard.apdu.status import StatusWord
from mynacard.personal.messaging import SecureCard, Turn, decrypt_seed, encrypt_seed
from mynacard.pin import Pin
from tests.support import CANARY, Answer, CardThat, Vector, id_of, leaks, vector_file, vectors

FILE = "personal/messaging.json"
SEED = bytes.fromhex(str(vector_file(FILE)["seed"]))
KEY = Turn.first(SEED).key
READ = encode(ReadBinary(0, 65536))


def turn_of(vector: Vector) -> Turn:
    return Turn(KEY, vector.number("number"))


# --- the world ---


@pytest.mark.parametrize("vector", vectors(FILE), ids=id_of)
def test_both_ends_agree_with_the_world_on_a_command(vector: Vector) -> None:
    command = CommandApdu.parse(vector.data("command"))
    assert is_protected(command)
    protected = protect_command(command, turn_of(vector))
    assert bytes(protected) == vector.data("protected")
    assert open_command(CommandApdu.parse(vector.data("protected")), turn_of(vector)) == command


@pytest.mark.parametrize("vector", vectors(FILE), ids=id_of)
def test_both_ends_agree_with_the_world_on_a_response(vector: Vector) -> None:
    response = ResponseApdu.parse(vector.data("response"))
    protected = ResponseApdu.parse(vector.data("protected_response"))
    assert protect_response(response, turn_of(vector)) == protected
    assert open_response(protected, turn_of(vector)) == response


@given(st.binary(max_size=400), st.integers(1, 2**32))
def test_what_one_end_encrypts_the_other_reads(data: bytes, number: int) -> None:
    turn = Turn(KEY, number)
    assert turn.decrypted(turn.encrypted(data)) == data
    assert len(turn.encrypted(data)) == len(data) // 16 * 16 + 16


@given(st.binary(max_size=40), st.integers(1, 1000))
def test_another_turn_reads_nothing_of_one_block(data: bytes, number: int) -> None:
    """The number changes the IV, and so the first block; where that holds the padding, it is seen."""
    cryptogram = Turn(KEY, number).encrypted(data)
    with contextlib.suppress(errors.ProtocolError):
        assert Turn(KEY, number + 1).decrypted(cryptogram) != data


# --- the seed ---


@pytest.fixture(scope="module")
def key() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(65537, 2048)


def test_the_card_finds_the_seed_that_was_sent(key: rsa.RSAPrivateKey) -> None:
    cryptogram = encrypt_seed(key.public_key(), SEED)
    assert len(cryptogram) == 256
    assert decrypt_seed(key, cryptogram) == SEED


@pytest.mark.parametrize("length", [0, 16, 31, 33])
def test_a_seed_has_32_bytes(key: rsa.RSAPrivateKey, length: int) -> None:
    with pytest.raises(errors.UsageError):
        encrypt_seed(key.public_key(), bytes(length))


def test_nonsense_holds_no_seed(key: rsa.RSAPrivateKey) -> None:
    with pytest.raises(errors.ProtocolError):
        decrypt_seed(key, bytes(255) + b"\x01")


# --- what is refused ---

TURN = Turn.first(SEED)
CRYPTOGRAM = protect_command(encode(SelectEf(1)), TURN).data


@pytest.mark.parametrize(
    "data",
    [
        b"", bytes.fromhex("9603000000"), CRYPTOGRAM + CRYPTOGRAM, CRYPTOGRAM + b"\x00", CRYPTOGRAM[:-1],
        b"\x86\x11\x02" + CRYPTOGRAM[3:], b"\x87" + CRYPTOGRAM[1:], b"\x86\x01\x01", b"\x86\x00", bytes(17),
    ],
    ids=["none", "other-object", "two", "more", "less", "other-padding", "other-tag", "no-block", "empty", "zeros"],
)  # fmt: skip
def test_a_command_with_anything_but_one_cryptogram_is_none(data: bytes) -> None:
    with pytest.raises(errors.ProtocolError):
        open_command(CommandApdu(0x08, 0xA4, 0x02, 0x0C, data), TURN)


@pytest.mark.parametrize("data", ["", "96020000", "960400000000", "9603010000", "8603000000", "9603000000" * 2])
def test_a_read_with_anything_but_one_expected_length_is_none(data: str) -> None:
    with pytest.raises(errors.ProtocolError):
        open_command(CommandApdu(0x08, 0xB0, 0x00, 0x00, bytes.fromhex(data), 65536), TURN)


# --- the card around a card ---


class OtherEnd(CardThat):
    """The card inside: opens what comes, and answers as *answer* says, protected."""

    def __init__(self, answer: Callable[[CommandApdu], ResponseApdu]) -> None:
        self.turn = Turn.first(SEED)
        self.opened: list[CommandApdu] = []
        self._say = answer
        super().__init__(self._protected)

    def _protected(self, wire: bytes) -> Answer:
        apdu = CommandApdu.parse(wire)
        if apdu.cla != 0x08:
            return bytes(self._say(apdu))
        self.opened.append(open_command(apdu, self.turn))
        answer = bytes(protect_response(self._say(self.opened[-1]), self.turn))
        self.turn = self.turn.next
        return answer


DONE = ResponseApdu()


def test_commands_go_in_turn_and_plain_ones_do_not_count() -> None:
    content = bytes(range(40))
    card = OtherEnd(lambda apdu: ResponseApdu(content[: apdu.ne]) if apdu.ins == 0xB0 else DONE)
    channel = Channel(SecureCard(Channel(card), SEED))
    channel.send(SelectEf(1))
    assert channel.send(ReadBinary(0, 65536)) == content
    channel.exchange_once(VerifyStatus(0x14))
    channel.exchange_once(Verify(0x14, Pin(CANARY)))
    assert channel.send(ReadBinary(0, 16)) == content[:16]
    assert card.turn.number == 5
    assert [bytes(apdu)[:2] for apdu in card.opened] == [b"\x00\xa4", b"\x00\xb0", b"\x00\x20", b"\x00\xb0"]
    assert not any(CANARY.encode() in wire for wire in card.sent)


def test_a_refusal_of_the_application_counts() -> None:
    said = iter([0x6A82, 0x6982, 0x9000])
    card = OtherEnd(lambda apdu: ResponseApdu(status=StatusWord(next(said))))
    channel = Channel(SecureCard(Channel(card), SEED))
    with pytest.raises(errors.FileNotFound):
        channel.send(SelectEf(2))
    with pytest.raises(errors.SecurityStatusNotSatisfied):
        channel.send(ReadBinary(0))
    channel.send(SelectEf(1))
    assert card.turn.number == 4


@pytest.mark.parametrize("status", [0x6988, 0x6987, 0x69FC, 0x6882])
def test_when_the_card_ends_the_session_nothing_is_sent_in_the_clear_after_it(status: int) -> None:
    card = CardThat(lambda command: status.to_bytes(2, "big"))
    secure = SecureCard(Channel(card), SEED)
    with pytest.raises(errors.CardError) as caught:
        Channel(secure).send(SelectEf(1))
    assert caught.value.status == status
    over(secure, card)


def over(secure: SecureCard, card: CardThat) -> None:
    assert not secure.alive
    sent = len(card.sent)
    for command in (encode(Verify(0x14, Pin(CANARY))), encode(SelectEf(1)), READ):
        with pytest.raises(errors.SessionEndedError):
            secure.transmit(bytes(command))
    assert len(card.sent) == sent


@pytest.mark.parametrize(
    "answer",
    [
        errors.CardRemovedError("gone"), errors.OutcomeUnknownError("what?"), "", "90", "5A9000",
        "0001029000", "8611029000", bytes(protect_response(ResponseApdu(b"a"), TURN.next)),
        bytes(protect_response(ResponseApdu(bytes(17)), TURN)),
    ],
    ids=["removed", "unknown", "empty", "one-byte", "plain", "object", "cut", "next-turn", "more-than-asked"],
)  # fmt: skip
def test_an_answer_that_is_not_of_the_session_ends_it(answer: Answer) -> None:
    card = CardThat(lambda command: answer)
    secure = SecureCard(Channel(card), SEED)
    with pytest.raises(errors.MynacardError):
        Channel(secure).send(ReadBinary(0, 16))
    over(secure, card)


def test_a_selected_application_ends_the_session() -> None:
    card = CardThat(lambda command: "9000")
    inside = Channel(card)
    secure = SecureCard(inside, SEED)
    inside.send(LOG_OUT)
    over(secure, card)


def test_a_selected_application_through_it_ends_the_session() -> None:
    card = CardThat(lambda command: "9000")
    secure = SecureCard(Channel(card), SEED)
    Channel(secure).send(LOG_OUT)
    over(secure, card)


@pytest.mark.parametrize("command", [LOG_OUT, VerifyStatus(0x11)])
def test_other_commands_pass_as_they_are(command: object) -> None:
    card = CardThat(lambda wire: "9000")
    wire = bytes(encode(command))  # type: ignore[arg-type]
    SecureCard(Channel(card), SEED).transmit(wire)
    assert card.sent == [wire]


def test_no_repr_shows_the_key() -> None:
    assert KEY.hex() not in repr(TURN)
    assert repr(KEY) not in repr(TURN)


def test_no_error_keeps_what_was_presented() -> None:
    from mynacard.apdu.verification import verify
    from mynacard.personal.layout import TEXT_PIN

    card = CardThat(lambda command: "63C3" if len(command) == 4 else "5A5A9000")
    with pytest.raises(errors.VerificationOutcomeUnknownError) as caught:
        verify(Channel(SecureCard(Channel(card), SEED)), TEXT_PIN, Pin(CANARY))
    assert leaks(caught.value) == []


@given(st.binary(max_size=60))
def test_any_answer_is_a_result_or_an_error_of_ours(answer: bytes) -> None:
    secure = SecureCard(Channel(CardThat(lambda command: answer)), SEED)
    with contextlib.suppress(errors.MynacardError):
        secure.transmit(bytes(READ))
