"""Key agreement: as the published examples have it, from both ends, and what is refused."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mynacard import errors
from mynacard.apdu.commands import MutualAuthenticate, Verify, encode
from mynacard.apdu.message import CommandApdu
from mynacard.apdu.secure import open_command, protect_command
from mynacard.residence.agreement import ENTROPY_LENGTH, Half, NumberKey, session_key
from mynacard.residence.card import SUITES
from mynacard.residence.layout import NUMBER_KEY
from mynacard.residence.number import CardNumber
from tests.residence.dialogues import Agreement
from tests.support import tells, vectors

ROWS = [Agreement(row) for row in vectors("residence/agreement.json")]
EACH = pytest.mark.parametrize("agreement", ROWS, ids=lambda agreement: agreement.row.id)
HALVES = st.binary(min_size=ENTROPY_LENGTH, max_size=ENTROPY_LENGTH).map(Half.of)
KEYS = st.builds(NumberKey, st.sampled_from(list(SUITES.values())), st.binary(min_size=16, max_size=16))


@EACH
def test_the_number_is_the_key(agreement: Agreement) -> None:
    assert agreement.key.key == agreement.row.data("k")


@EACH
def test_the_terminal_sends_what_the_world_sends(agreement: Agreement) -> None:
    token = agreement.key.token(Half.of(agreement.terminal), agreement.row.data("rnd_icc"))
    assert token == agreement.row.data("e_ifd") + agreement.row.data("m_ifd")


@EACH
def test_the_card_answers_what_the_world_answers(agreement: Agreement) -> None:
    token = agreement.key.token(Half.of(agreement.card), agreement.row.data("rnd_ifd"))
    assert token == agreement.row.data("e_icc") + agreement.row.data("m_icc")


@EACH
def test_each_end_finds_the_other_s_half(agreement: Agreement) -> None:
    row, key = agreement.row, agreement.key
    assert key.open(row.data("e_ifd") + row.data("m_ifd"), row.data("rnd_icc")) == Half.of(agreement.terminal)
    assert key.open(row.data("e_icc") + row.data("m_icc"), row.data("rnd_ifd")) == Half.of(agreement.card)


@EACH
def test_both_ends_agree_on_the_world_s_session_key(agreement: Agreement) -> None:
    suite, one, other = agreement.key.suite, Half.of(agreement.terminal), Half.of(agreement.card)
    assert session_key(suite, one, other).key == agreement.row.data("session_key")
    assert session_key(suite, other, one) == session_key(suite, one, other)


@EACH
def test_the_number_is_presented_as_the_world_presents_it(agreement: Agreement) -> None:
    command = encode(Verify(NUMBER_KEY, agreement.number))
    assert bytes(protect_command(command, agreement.session)) == agreement.row.data("verify")
    assert open_command(CommandApdu.parse(agreement.row.data("verify")), agreement.session) == command


@given(KEYS, HALVES, HALVES)
def test_what_one_side_sends_the_other_understands(key: NumberKey, one: Half, other: Half) -> None:
    token = key.token(one, other.challenge)
    assert len(token) == 40
    assert key.open(token, other.challenge) == one


@given(KEYS, HALVES, HALVES, st.integers(0, 40 * 8 - 1))
def test_a_flipped_bit_is_found(key: NumberKey, one: Half, other: Half, bit: int) -> None:
    token = bytearray(key.token(one, other.challenge))
    token[bit // 8] ^= 1 << bit % 8
    with pytest.raises(errors.ProtocolError):
        key.open(bytes(token), other.challenge)


@given(KEYS, HALVES, st.binary(max_size=60))
def test_any_bytes_are_a_token_or_an_error(key: NumberKey, one: Half, token: bytes) -> None:
    with pytest.raises(errors.ProtocolError):
        key.open(token, one.challenge)


def test_an_answer_to_another_challenge_is_none() -> None:
    agreement = ROWS[0]
    with pytest.raises(errors.ProtocolError):
        agreement.key.open(agreement.row.data("e_icc") + agreement.row.data("m_icc"), bytes(8))


@pytest.mark.parametrize("length", [0, 8, 23, 25])
def test_an_authentication_takes_24_random_bytes(length: int) -> None:
    with pytest.raises(errors.UsageError):
        Half.of(bytes(length))


def test_no_repr_shows_a_key() -> None:
    agreement = ROWS[1]
    shown = repr((agreement.key, agreement.session, Half.of(agreement.card), MutualAuthenticate(agreement.terminal)))
    for secret in ("k", "session_key", "k_icc", "k_ifd"):
        assert agreement.row.text(secret).lower() not in shown.lower()
        assert repr(agreement.row.data(secret)) not in shown
    assert not tells(shown, agreement.row.text("number"))


def test_another_number_is_another_key() -> None:
    row = ROWS[1]
    assert (
        NumberKey.of(row.key.suite, CardNumber("AB12345678CE")).key.hex().upper() == "5D282EA992E2751EAC73B42EE2C91EE1"
    )
