"""What real cards are known to have answered, asked of simulated ones."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import cast

import pytest

from mynacard.doors.new_cards import new_card
from mynacard.simulator import ATR_CONTACT, ATR_CONTACTLESS, Personality, Traits, persona
from tests.support import Vector, from_hex, vectors

FILE = "simulator/evidence.json"
KINDS = {"log", "tool", "report", "use", "infer", "unconfirmed"}
OWN_KINDS = {"setup", "choice"}
DIALOGUES = [
    pytest.param(vector, name, id=f"{vector.id}-{name}")
    for vector in vectors(FILE)
    for name in cast(list[str], vector.fields["personas"])
]

Step = Mapping[str, object]


def steps(vector: Vector) -> list[Step]:
    return cast(list[Step], vector.fields["steps"])


def agrees(step: Step, answer: bytes) -> bool:
    """Whether *answer* is what the step says that a card answered."""
    wanted, status = str(step["status"]), answer[-2:].hex().upper()
    if wanted == "not 9000":
        return status != "9000"
    length = step.get("length")
    known = length is None or (len(answer) > 2 if length == "any" else len(answer) - 2 == length)
    return known and re.fullmatch(wanted.replace("?", "[0-9A-F]"), status) is not None


@pytest.mark.parametrize("personality", Personality)
@pytest.mark.parametrize("atr", [ATR_CONTACT, ATR_CONTACTLESS], ids=["contact", "contactless"])
@pytest.mark.parametrize(("vector", "name"), DIALOGUES)
def test_a_simulated_card_answers_as_the_real_one_did(
    vector: Vector, name: str, atr: bytes, personality: Personality
) -> None:
    card = new_card(Traits(personality, atr=atr), persona=persona(name))
    card.power_on()
    for number, step in enumerate(steps(vector), 1):
        answer = card.transmit(from_hex(step["send"]))
        assert agrees(step, answer), (number, step, answer[-2:].hex(), len(answer) - 2)


@pytest.mark.parametrize("vector", vectors(FILE), ids=lambda vector: vector.id)
def test_every_step_has_a_source_and_a_kind(vector: Vector) -> None:
    assert vector.fields["by"]
    assert vector.text("kind") in KINDS
    assert {step["kind"] for step in steps(vector) if "kind" in step} <= OWN_KINDS
    assert vector.text("made")
    assert vector.text("card")
    assert vector.text("interface")


@pytest.mark.parametrize(
    ("step", "answer", "same"),
    [
        ({"status": "9000"}, "9000", True),
        ({"status": "9000"}, "6A82", False),
        ({"status": "63C?"}, "63C5", True),
        ({"status": "63C?"}, "6300", False),
        ({"status": "not 9000"}, "6A86", True),
        ({"status": "not 9000"}, "9000", False),
        ({"status": "9000", "length": 2}, "5A5A 9000", True),
        ({"status": "9000", "length": 2}, "5A 9000", False),
        ({"status": "9000", "length": "any"}, "9000", False),
    ],
)
def test_an_answer_is_held_against_status_and_length(step: Step, answer: str, same: bool) -> None:
    assert agrees(step, bytes.fromhex(answer)) is same
