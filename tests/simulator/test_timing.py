"""How long a real card would take: the wire by the vectors, the chip by the one log there is."""

from __future__ import annotations

from dataclasses import replace
from typing import cast

import pytest

from mynacard.jpki import DIGITAL_SIGNATURE, USER_AUTHENTICATION, JpkiSession
from mynacard.simulator.timing import TRANSPORTS, TimedCard, answer_s, wire_s
from tests.jpki.cards import card_with, pin
from tests.support import Vector, id_of, vectors

FAST = TRANSPORTS["contactless-424"]
DONE = b"\x90\x00"


@pytest.mark.parametrize("name", TRANSPORTS)
@pytest.mark.parametrize("vector", vectors("simulator/timing.json"), ids=id_of)
def test_the_wire_needs_what_others_computed(vector: Vector, name: str) -> None:
    exchanges = cast(list[list[int]], vector.rows("exchanges"))
    assert sum((nc + nr) * times for nc, nr, times in exchanges) == vector.number("bytes")
    seconds = sum(wire_s(TRANSPORTS[name], nc, nr) * times for nc, nr, times in exchanges)
    assert round(seconds * 1000) == vector.row("ms")[name]


def test_an_empty_message_is_a_block_too() -> None:
    assert wire_s(FAST, 0, 0) == pytest.approx(2 * ((3 * 10 + 22) * 128 / 4 / 13.56e6 + 170e-6))


@pytest.mark.parametrize(
    ("command", "response", "seconds"),
    [
        ("0020009804 31323334", "9000", 0.062),
        ("0020009804 31323335", "63C2", 0.062),
        ("802A009A02 6869 00", "00" * 256 + "9000", 0.712),
        ("00B0810000", "00" * 256 + "9000", 0.21652),
        ("00B0810000", "00" * 64 + "9000", 0.08788),
        ("00200098", "63C3", 0.045),  # asks for the tries, and compares nothing
        ("802A009A02 6869 00", "6982", 0.045),  # signs nothing
        ("00B0810000", "6982", 0.045),
        ("00A4020C020001", "9000", 0.045),
        ("", "", 0.045),
    ],
)
def test_a_fast_wire_leaves_what_the_log_says(command: str, response: str, seconds: float) -> None:
    assert answer_s(FAST, bytes.fromhex(command), bytes.fromhex(response)) == pytest.approx(seconds)


@pytest.mark.parametrize(
    ("command", "response"),
    [
        ("00200098", "63C3"),  # asks for the tries, and compares nothing
        ("802A009A02 6869 00", "6982"),  # signs nothing
        ("00B0810000", "6982"),
        ("00A4020C020001", "9000"),
        ("00B0810000", "00" * 256 + "9000"),
        ("", ""),
    ],
)
@pytest.mark.parametrize("name", ["contact-old", "contact-new"])
def test_contacts_take_the_wire_and_seven_milliseconds(name: str, command: str, response: str) -> None:
    sent, answered, way = bytes.fromhex(command), bytes.fromhex(response), TRANSPORTS[name]
    assert answer_s(way, sent, answered) == pytest.approx(wire_s(way, len(sent), len(answered)) + 0.007)


@pytest.mark.parametrize("name", TRANSPORTS)
def test_what_the_chip_computes_takes_as_long_over_every_wire(name: str) -> None:
    sign, made = bytes.fromhex("802A009A02 6869 00"), bytes(256) + DONE
    assert answer_s(TRANSPORTS[name], sign, made) == pytest.approx(0.712)


def test_the_wire_and_seven_milliseconds_are_the_least() -> None:
    way = replace(TRANSPORTS["contactless-106"], etu_s=1e-3)
    sent, answered = bytes.fromhex("00B0810000"), bytes(256) + DONE
    assert answer_s(way, sent, answered) == pytest.approx(wire_s(way, len(sent), len(answered)) + 0.007)


def test_a_certificate_in_eight_blocks_takes_as_long_as_in_the_log() -> None:
    dialogue = [("00A4040C0A" + 10 * "00", 2), ("00A4020C020001", 2), *[("00B0000000", 258)] * 8]
    way = TRANSPORTS["contactless-106"]
    took = sum(answer_s(way, bytes.fromhex(sent), bytes(nr - 2) + DONE) for sent, nr in dialogue)
    assert 1.5 < took < 1.9  # 7 or 8 blocks took 1.5 to 1.8 s


def test_a_timed_card_sleeps_through_whom_it_was_handed() -> None:
    slept: list[float] = []
    card = TimedCard(card_with(), TRANSPORTS["contactless-106"], slept.append)
    session = JpkiSession(card)
    session.verify(DIGITAL_SIGNATURE, pin(DIGITAL_SIGNATURE))
    session.sign(b"an application")
    assert len([seconds for seconds in slept if seconds == pytest.approx(0.712)]) == 1
    assert 2.0 < sum(slept) < 5.0  # certificates of some 1400 bytes at 0.22 s for 256, VERIFY, a signature
    card.reset()
    card.power_off()
    assert card.power_on() == card.atr
    assert JpkiSession(card).pin_status(USER_AUTHENTICATION)
