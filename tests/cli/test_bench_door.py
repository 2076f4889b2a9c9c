"""``mynacard bench`` as a process, over PC/SC, while the card or its reader goes away. (only on Linux.)"""

from __future__ import annotations

import json
import time
from collections.abc import Iterator

import pytest

from mynacard.doors.pcsclite import PcscliteDoor
from mynacard.simulator.faults import Fault
from tests.cli.harness import PIN, CardFile, process
from tests.cli.test_terminal import Terminal

READER = "Simulated Reader 00 00"


@pytest.fixture
def seen() -> list[bytes]:
    return []


@pytest.fixture
def door(card: CardFile, seen: list[bytes], monkeypatch: pytest.MonkeyPatch) -> Iterator[PcscliteDoor]:
    """The card on a reader; *seen* are the commands that reach it."""
    with PcscliteDoor([card.card()], observe=lambda _, command, __: seen.append(command)) as opened:
        for name, value in opened.environment().items():
            monkeypatch.setenv(name, value)
        yield opened


@pytest.mark.parametrize(
    ("fault", "code", "measured"),
    [
        ("removed@7", 19, {"open": 2, "pin-status": 2, "certificate": 1}),
        ("removed-during@6", 19, {"open": 2, "pin-status": 1, "certificate": 1}),
        ("removed-after@4", 17, {"open": 1, "pin-status": 1, "certificate": 1}),
        ("unplugged@6", 14, {"open": 2, "pin-status": 1, "certificate": 1}),
        ("reset@10", 19, {"open": 3, "pin-status": 3, "certificate": 2}),
        ("status=6F00@9", 49, {"open": 3, "pin-status": 2, "certificate": 2}),
    ],
)
def test_a_card_that_goes_away_ends_it_and_what_was_measured_is_printed(
    door: PcscliteDoor, fault: str, code: int, measured: dict[str, int]
) -> None:
    door.arm(READER, Fault.parse(fault))
    outcome = process("bench", "--json")
    assert outcome.code == code, outcome.err
    assert outcome.complaint
    found = json.loads(outcome.out)
    assert (found["reader"], found["simulated"], found["finished"]) == (READER, False, False)
    assert {name: len(step["measurements"]) for name, step in found["steps"].items()} == measured


def test_a_card_that_was_never_there_measures_nothing(door: PcscliteDoor) -> None:
    door.remove(READER)
    outcome = process("bench", "--json")
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
