"""Secure messaging of residence cards: every length, every flipped bit of the framing, and the card around a card."""

from __future__ import annotations

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mynacard import errors
from mynacard.apdu import Channel, secure, verification
from mynacard.apdu.channel import CardProfile
from mynacard.apdu.commands import ReadBinary, ReadBinarySfi, SelectMfByFileId, Verify, encode
from mynacard.apdu.message import NE_MAX, CommandApdu, ResponseApdu
from mynacard.pin import Pin
from mynacard.residence.ciphers import AES_CMAC, TRIPLE_DES, Suite
from mynacard.residence.layout import LAYOUTS
from mynacard.residence.messaging import SecureCard, SessionKey, room
from tests.extent import all_or_some
from tests.support import CANARY, CardThat, leaks

SUITES = pytest.mark.parametrize("suite", [TRIPLE_DES, AES_CMAC], ids=["first", "second"])
KEY = bytes(range(16))
LONGEST = max(file.size for layout in LAYOUTS.values() for file in layout)


@pytest.mark.exhaustive
@SUITES
def test_every_length_that_a_file_has_survives_both_ways(suite: Suite) -> None:
    key, content = SessionKey(suite, KEY), bytes(index % 256 for index in range(LONGEST))
    for length in all_or_some(range(1, LONGEST + 1)):
        protected = secure.protect_response(ResponseApdu(content[:length]), key)
        assert secure.open_response(protected, key).data == content[:length]


@pytest.mark.exhaustive
@SUITES
def test_every_expected_length_survives_both_ways(suite: Suite) -> None:
    key = SessionKey(suite, KEY)
    for ne in all_or_some(range(1, NE_MAX + 1)):
        command = CommandApdu(0x00, 0xB0, 0x85, 0x00, ne=ne)
        assert secure.open_command(secure.protect_command(command, key), key) == command


@SUITES
@pytest.mark.parametrize("ne", [256, 255, 200, 130, 129, 128, 32, 65536])
def test_so_much_fits_into_an_answer_and_no_byte_more(suite: Suite, ne: int) -> None:
    def length(data: int) -> int:
        return len(secure.protect_response(ResponseApdu(bytes(data)), SessionKey(suite, KEY)).data)

    most = room(ne, suite.block)
    assert length(most) <= ne < length(most + 1)


def test_247_and_239_bytes_fit_into_a_short_answer() -> None:
    assert (room(256, TRIPLE_DES.block), room(256, AES_CMAC.block)) == (247, 239)


@SUITES
def test_any_flipped_bit_of_the_framing_is_an_error(suite: Suite) -> None:
    """Tag, length and padding indicator; and the last block, in which a flipped bit hits the padding or the data."""
    key = SessionKey(suite, KEY)
    protected = secure.protect_response(ResponseApdu(bytes(range(200))), key).data
    framing = len(protected) - len(key.encrypted(bytes(200)))
    for bit in range(framing * 8):
        flipped = bytearray(protected)
        flipped[bit // 8] ^= 1 << bit % 8
        with pytest.raises(errors.ProtocolError):
            secure.open_response(ResponseApdu(bytes(flipped)), key)


@SUITES
@given(data=st.binary(max_size=100), cut=st.integers(1, 120))
def test_an_answer_that_was_cut_off_is_an_error(suite: Suite, data: bytes, cut: int) -> None:
    key = SessionKey(suite, KEY)
    protected = secure.protect_response(ResponseApdu(data or b"\0"), key).data
    if cut < len(protected):
        with pytest.raises(errors.TlvError):
            secure.open_response(ResponseApdu(protected[:-cut]), key)


@SUITES
@given(answer=st.binary(max_size=80))
def test_any_answer_is_a_result_or_an_error_of_ours(suite: Suite, answer: bytes) -> None:
    found = SecureCard(Channel(CardThat(lambda _: answer)), SessionKey(suite, KEY))
    with contextlib.suppress(errors.MynacardError):
        found.transmit(bytes(encode(ReadBinary(0, NE_MAX))))


@SUITES
@pytest.mark.parametrize("padding", ["00", "01", "8001", "80" + "00" * 16, "04040404"])
def test_another_padding_is_an_error(suite: Suite, padding: str) -> None:
    key = SessionKey(suite, KEY)
    blocks = bytes.fromhex(padding).rjust(32, b"\x5a")
    with pytest.raises(errors.ProtocolError):
        key.decrypted(suite.encrypted(KEY, blocks))


@SUITES
@pytest.mark.parametrize("length", [0, 1, 7, 15, 17])
def test_a_cryptogram_is_made_of_whole_blocks(suite: Suite, length: int) -> None:
    with pytest.raises(errors.ProtocolError):
        SessionKey(suite, KEY).decrypted(bytes(length))


def secured(answer: bytes, profile: CardProfile) -> tuple[CardThat, Channel]:
    inside = CardThat(lambda _: answer)
    return inside, Channel(SecureCard(Channel(inside, profile), SessionKey(TRIPLE_DES, KEY)))


def test_short_commands_go_where_long_ones_do_not_pass() -> None:
    card, channel = secured(b"\x69\x82", CardProfile(extended_length=False))
    channel.exchange_once(ReadBinarySfi(5, 0, 247))
    assert card.sent_hex == ["08B0850004960200F700"]


def test_what_is_not_protected_passes_as_it_is() -> None:
    card, channel = secured(b"\x90\x00", CardProfile())
    channel.exchange_once(SelectMfByFileId())
    assert card.sent_hex == ["00A40000023F00"]


@pytest.mark.parametrize("status", ["6300", "6982", "6988", "6B00"])
def test_a_refusal_comes_as_it_is_and_ends_nothing(status: str) -> None:
    card, channel = secured(bytes.fromhex(status), CardProfile())
    for _ in range(2):
        assert channel.exchange_once(ReadBinary(0, NE_MAX)).status == int(status, 16)
    assert len(card.sent) == 2


def test_more_than_was_asked_for_is_an_error() -> None:
    answer = bytes(secure.protect_response(ResponseApdu(bytes(11)), SessionKey(TRIPLE_DES, KEY)))
    _, channel = secured(answer, CardProfile())
    with pytest.raises(errors.ProtocolError):
        channel.exchange_once(ReadBinary(0, 10))


@pytest.mark.parametrize("answer", ["", "90", "5A9000", "8609019000"])
def test_no_error_keeps_the_number(answer: str) -> None:
    """Whatever comes back: nothing, too little, or what belongs into no answer to VERIFY."""
    _, channel = secured(bytes.fromhex(answer), CardProfile())
    with pytest.raises(errors.OutcomeUnknownError) as caught:
        verification.present(channel, 6, Pin(CANARY), "number")
    assert leaks(caught.value) == []


def test_the_number_does_not_go_in_the_clear() -> None:
    card, channel = secured(b"\x90\x00", CardProfile())
    channel.exchange_once(Verify(6, Pin("AB12345678CD")))
    assert b"AB12345678CD" not in card.sent[0]
