"""The simulated residence card: what it answers, state by state, and what it forgets."""

from __future__ import annotations

from collections.abc import Callable
from typing import cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mynacard.apdu import secure
from mynacard.apdu.commands import ReadBinarySfi, SelectDf, encode
from mynacard.doors.disk import new_card
from mynacard.residence import CardType, ResidenceCard
from mynacard.residence.layout import DF1
from mynacard.simulator import Personality, Traits
from mynacard.simulator.residence import ATR, RESIDENCE_PERSONAS, ResidenceState, SimulatedResidenceCard
from tests.residence.cards import ENTROPY, NUMBER, card, with_files
from tests.residence.dialogues import AGREEMENTS, Agreement, content
from tests.support import Vector, id_of, vectors

AGREEMENT = Agreement(AGREEMENTS["1-made-up"])
CHALLENGE = bytes.fromhex("0084000008")
MUTUAL = bytes.fromhex(f"0082000028{AGREEMENT.row.text('e_ifd')}{AGREEMENT.row.text('m_ifd')}00")
NONSENSE = bytes.fromhex("0082000028" + "5A" * 40 + "00")
VERIFY = AGREEMENT.row.data("verify")
BEFORE = {"fresh": [], "challenged": [CHALLENGE], "keyed": [CHALLENGE, MUTUAL], "open": [CHALLENGE, MUTUAL, VERIFY]}
FACE = encode(ReadBinarySfi(5, 0, 65536))


def in_state(state: str) -> SimulatedResidenceCard:
    found = with_files(CardType.RESIDENCE_CARD, {}, AGREEMENT.card, AGREEMENT.number)
    for command in BEFORE[state]:
        assert found.transmit(command).endswith(b"\x90\x00"), command.hex()
    return found


def wires(row: Vector) -> list[bytes]:
    named = {"MUTUAL": MUTUAL, "NONSENSE": NONSENSE}
    return [named[each] if isinstance(each, str) and each in named else content(each)
            for each in cast(list[object], row.fields["commands"])]  # fmt: skip


@pytest.mark.parametrize("row", vectors("residence/refusals.json"), ids=id_of)
def test_it_answers_with_the_status_word_of_the_specification_or_the_choice(row: Vector) -> None:
    found = in_state(row.text("state"))
    answers = [found.transmit(wire) for wire in wires(row)]
    assert answers[-1][-2:].hex().upper() == row.text("answer")
    if row.text("answer") != "9000":
        assert len(answers[-1]) == 2


def open_still(found: SimulatedResidenceCard) -> bool:
    """Whether the session and the number are as they were."""
    found.transmit(bytes(encode(SelectDf(DF1))))
    wire = bytes(secure.protect_command(FACE, AGREEMENT.session))
    return found.transmit(wire).endswith(b"\x90\x00")


@pytest.mark.parametrize(
    ("forget", "personality", "kept"),
    [
        (SimulatedResidenceCard.power_off, Personality.STRICT, False),
        (SimulatedResidenceCard.power_on, Personality.STRICT, False),
        (SimulatedResidenceCard.reset, Personality.STRICT, False),
        (SimulatedResidenceCard.power_off, Personality.OBSERVED, False),
        (SimulatedResidenceCard.power_on, Personality.OBSERVED, False),
        (SimulatedResidenceCard.reset, Personality.OBSERVED, True),
    ],
)
def test_power_ends_the_session_and_a_warm_reset_as_the_personality_has_it(
    forget: Callable[[SimulatedResidenceCard], object], personality: Personality, kept: bool
) -> None:
    found = in_state("open")
    found.traits = Traits(personality, atr=ATR)
    assert open_still(found)
    forget(found)
    assert open_still(found) is kept


def test_a_wrong_number_takes_an_earlier_right_one_back_and_no_try_is_counted() -> None:
    found = in_state("open")
    wrong = bytes(secure.protect_command(encode_verify(b"AB12345678CE"), AGREEMENT.session))
    for _ in range(40):
        assert found.transmit(wrong) == b"\x63\x00"
    assert not open_still(found)
    assert found.transmit(VERIFY) == b"\x90\x00"
    assert open_still(found)


def encode_verify(number: bytes) -> secure.CommandApdu:
    return secure.CommandApdu(0x00, 0x20, 0x00, 0x86, number)


def test_the_number_survives_a_new_session_key() -> None:
    """A choice: MUTUAL AUTHENTICATE leaves it as it is."""
    found = in_state("open")
    for command in (CHALLENGE, MUTUAL):
        assert found.transmit(command).endswith(b"\x90\x00")
    assert open_still(found)


def test_it_draws_a_new_challenge_and_a_new_half_each_time() -> None:
    found = card()
    assert len({found.transmit(CHALLENGE) for _ in range(10)}) == 10


def test_the_answer_to_reset_has_a_right_check_byte() -> None:
    check = 0
    for byte in ATR[1:]:
        check ^= byte
    assert check == 0
    assert card().atr == ATR


@pytest.mark.parametrize("name", RESIDENCE_PERSONAS)
def test_every_persona_opens_with_the_number_of_all_of_them(name: str) -> None:
    found = ResidenceCard(new_card(persona=RESIDENCE_PERSONAS[name]))
    found.authenticate(NUMBER, ENTROPY)
    assert found.read().missing == ()


@given(st.lists(st.binary(max_size=30), max_size=6))
def test_any_bytes_are_answered_with_a_status_word(commands: list[bytes]) -> None:
    found = with_files(CardType.RESIDENCE_CARD_2, {})
    for command in commands:
        assert len(found.transmit(command)) >= 2
    assert not found.state.number_presented


@given(st.binary(min_size=4, max_size=30).map(lambda rest: b"\x08" + rest))
def test_no_bytes_open_it_under_secure_messaging(command: bytes) -> None:
    found = in_state("keyed")
    found.transmit(command)
    assert not found.state.number_presented or command == VERIFY


def test_no_repr_shows_what_it_knows() -> None:
    found = in_state("open")
    shown = repr((found, found.state, ResidenceState()))
    assert AGREEMENT.row.text("session_key").lower() not in shown.lower()
    assert AGREEMENT.row.text("number") not in shown
