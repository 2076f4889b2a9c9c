"""A person types at a terminal, while the card lies on a reader: nobody waits meanwhile, and it costs two APDUs."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from mynacard.doors import disk
from mynacard.doors.pcsclite import PcscliteDoor
from mynacard.doors.residence_cache import cached_residence_pki
from mynacard.simulator.residence import RESIDENCE_PERSONAS
from tests.cli.command_line import DIGITAL_SIGNATURE, PASSWORD, CardFile
from tests.cli.test_terminal import Terminal

READER = "Simulated Reader 00 00"
TYPING_S = 60.0


class Clock:
    """The door's time, in which somebody types for a minute."""

    def __init__(self) -> None:
        self.typed_s = 0.0

    def __call__(self) -> float:
        return time.monotonic() + self.typed_s


@pytest.fixture
def seen() -> list[bytes]:
    return []


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def door(card: CardFile, seen: list[bytes], clock: Clock) -> Iterator[PcscliteDoor]:
    """The card on a reader; *seen* are the commands that reach it."""
    with PcscliteDoor([card.card()], clock=clock, observe=lambda _, command, __: seen.append(command)) as opened:
        yield opened


@pytest.fixture
def environment(door: PcscliteDoor, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in door.environment().items():
        monkeypatch.setenv(name, value)


@pytest.mark.usefixtures("environment")
def test_a_signature_with_a_prompt_costs_three_apdus_more_and_nobody_waits_while_somebody_types(
    card: CardFile, document: Path, door: PcscliteDoor, seen: list[bytes], clock: Clock
) -> None:
    words = ["sign", str(document), "--force", "-o", str(document.with_name("signature"))]
    terminal = Terminal(*words, "--pin-file", str(card.pin_file(DIGITAL_SIGNATURE)))
    assert terminal.end() == 0, terminal.seen
    terminal.close()
    without, seen[:] = len(seen), []

    terminal = Terminal(*words)
    terminal.wait_for("Signatures: 1")
    terminal.wait_for("\ndigital-signature password: ", times=2)
    assert door.transaction_holder(READER) is None
    assert door.open_handles == 1, "the connection stays"
    assert len(seen) == 3
    clock.typed_s += TYPING_S
    time.sleep(0.3)  # the prompt is written before the echo is turned off
    terminal.type(f"{PASSWORD}\n")
    assert terminal.end() == 0, terminal.seen
    terminal.close()
    assert len(seen) == without + 3
    assert door.longest_idle_s < TYPING_S
    assert PASSWORD not in terminal.seen


@pytest.mark.usefixtures("environment")
@pytest.mark.parametrize(("happens", "code"), [("reset", 19), ("remove", 19), ("unplug", 14)])
def test_what_happens_to_the_card_while_somebody_types_is_told_and_costs_no_try(
    door: PcscliteDoor, seen: list[bytes], happens: str, code: int
) -> None:
    terminal = Terminal("pin", "verify", DIGITAL_SIGNATURE)
    terminal.wait_for("\ndigital-signature password: ", times=2)
    getattr(door, happens)(READER)
    time.sleep(0.3)
    terminal.type(f"{PASSWORD}\n")
    assert terminal.end() == code, terminal.seen
    terminal.close()
    assert len(seen) == 2


@pytest.mark.usefixtures("environment")
def test_a_card_that_is_laid_down_later_is_waited_for(door: PcscliteDoor) -> None:
    card = door.remove(READER)
    assert card is not None
    later = threading.Timer(0.5, door.insert, (READER, card))
    later.start()
    terminal = Terminal("pin", "status", "--wait", "30")
    assert terminal.end() == 0, terminal.seen
    terminal.close()
    later.join()


@pytest.mark.parametrize("name", ["residence-1-mid-term", "residence-2-mid-term"])
def test_nobody_waits_while_a_residence_card_s_number_is_typed_and_a_bar_shows_how_far_it_is(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cached_residence_pki()
    with PcscliteDoor([disk.new_card(persona=RESIDENCE_PERSONAS[name])]) as door:
        for variable, value in door.environment().items():
            monkeypatch.setenv(variable, value)
        terminal = Terminal("residence", "read", "--simulated", "-o", str(tmp_path / "card"))
        terminal.wait_for("No tries are counted.")
        terminal.wait_for("residence card number: ")
        assert RESIDENCE_PERSONAS[name].type.label in terminal.seen
        assert door.transaction_holder(READER) is None
        time.sleep(0.3)  # the prompt is written before the echo is turned off
        terminal.type("ab12345678cd\n")
        assert terminal.end() == 0, terminal.seen
        terminal.close()
    assert "ab12345678cd" not in terminal.seen
    assert "Reading" in terminal.seen
    assert "100%" in terminal.seen
    assert (tmp_path / "card" / "card.json").exists()
