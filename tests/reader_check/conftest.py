"""A card for the simulated reader, and checks that wait no longer than a test has to."""

from __future__ import annotations

import pytest

from mynacard.doors import disk
from mynacard.jpki import DIGITAL_SIGNATURE, USER_AUTHENTICATION
from mynacard.reader_check import desk, lengths, speed, subject
from mynacard.simulator import SimulatedCard
from tests.reader_check.runs import PIN


@pytest.fixture
def card() -> SimulatedCard:
    return disk.new_card(pins={USER_AUTHENTICATION.name: PIN, DIGITAL_SIGNATURE.name: "KANARIE73"})


@pytest.fixture(autouse=True)
def soon(monkeypatch: pytest.MonkeyPatch) -> None:
    """Shorten the waits to what the tests need."""
    monkeypatch.setattr(desk, "_HELD_S", 0.05)
    monkeypatch.setattr(desk, "_WAIT_S", 0.05)
    monkeypatch.setattr(subject, "BACK_S", 0.3)
    monkeypatch.setattr(lengths, "BACK_S", 0.3)
    monkeypatch.setattr(speed, "BACK_S", 0.3)
    monkeypatch.setattr(speed, "_REMOVAL_S", 20.0)
