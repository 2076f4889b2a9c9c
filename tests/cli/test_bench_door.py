"""``mynacard bench`` over PC/SC, while the card or its reader goes away. (Only Linux has the door.)"""

from __future__ import annotations

import json
import time

import pytest

from mynacard.doors.pcsclite import PcscliteDoor
from mynacard.simulator.faults import Fault
from tests.cli.command_line import PIN, CardFile, run
from tests.cli.test_terminal import Terminal
from tests.readers.door import Watched

READER = "Simulated Reader 00 00"


@pytest.fixture
def seen() -> list[bytes]:
    return []


@pytest.fixture(autouse=True)
def _card_on_a_reader(card: CardFile, seen: list[bytes], door: PcscliteDoor) -> None:  # pyright: ignore[reportUnusedFunction]
    """The card on a reader; *seen* are the commands that reach it."""
    door.plug(READER, Watched(card.card(), seen))


@pytest.mark.parametrize(
    ("fault", "code", "measured"),
    [
        ("removed@8", 19, {"open": 2, "pin-status": 2, "certificate": 1}),
        ("removed-during@7", 19, {"open": 2, "pin-status": 1, "certificate": 1}),
        ("removed-after@5", 17, {"open": 1, "pin-status": 1, "certificate": 1}),
        ("unplugged@7", 14, {"open": 2, "pin-status": 1, "certificate": 1}),
        ("reset@12", 19, {"open": 3, "pin-status": 3, "certificate": 2}),
        ("status=6F00@11", 49, {"open": 3, "pin-status": 2, "certificate": 2}),
    ],
)
def test_a_card_that_goes_away_ends_it_and_what_was_measured_is_printed(
    door: PcscliteDoor, fault: str, code: int, measured: dict[str, int]
) -> None:
    door.arm(READER, Fault.parse(fault))
    outcome = run("bench", "--json")
    assert outcome.code == code, outcome.err
    assert outcome.complaint
    found = json.loads(outcome.out)
    assert (found["reader"], found["simulated"], found["finished"]) == (READER, False, False)
    assert {name: len(step["measurements"]) for name, step in found["steps"].items()} == measured


def test_a_card_that_was_never_there_measures_nothing(door: PcscliteDoor) -> None:
    door.remove(READER)
    outcome = run("bench", "--json")
    assert (outcome.code, outcome.out) == (17, "")


def test_at_a_terminal_the_pin_is_asked_for_once_and_progress_is_shown(door: PcscliteDoor, seen: list[bytes]) -> None:
    terminal = Terminal("bench", "--signature", "--rounds", "3")
    terminal.wait_for("Signatures: 3")
    terminal.wait_for("\nuser-authentication PIN: ", times=2)
    assert "Reading" in terminal.seen
    assert "Signing" not in terminal.seen
    assert door.transaction_holder(READER) is None
    time.sleep(0.3)  # the prompt is written before the echo is turned off
    terminal.type(f"{PIN}\n")
    assert terminal.end() == 0, terminal.seen
    terminal.close()
    assert PIN not in terminal.seen
    assert "Signing" in terminal.seen
    assert terminal.seen.count("100%") >= 2
    assert len([command for command in seen if command[1] == 0x20 and len(command) > 5]) == 1
    assert len([command for command in seen if command[1] == 0x2A]) == 3
