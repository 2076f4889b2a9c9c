"""What a card is called, before anything is opened."""

from __future__ import annotations

from pathlib import Path

import pytest

from mynacard.opening.names import (
    AnyReader,
    CardName,
    FreshSimulated,
    ReaderNamed,
    Recorded,
    Simulated,
    SimulatedFile,
    card_name,
)

NAMES = [
    ("", AnyReader()),
    ("Alpha", ReaderNamed("Alpha")),
    ("SIM: Reader", ReaderNamed("SIM: Reader")),
    ("my sim:", ReaderNamed("my sim:")),
    ("sim:", FreshSimulated()),
    ("sim:@android-phone", FreshSimulated("android-phone")),
    ("sim:@", FreshSimulated("")),
    ("sim:test.card", SimulatedFile(Path("test.card"))),
    ("sim:./@test.card", SimulatedFile(Path("@test.card"))),
    ("replay:card.json", Recorded(Path("card.json"))),
]  # fmt: skip


@pytest.mark.parametrize(("text", "card"), NAMES)
def test_a_name_means_one_kind_of_card(text: str, card: CardName, monkeypatch: pytest.MonkeyPatch) -> None:
    assert card_name(text) == card
    monkeypatch.setenv("MYNACARD_READER", text)
    assert card_name(None) == card


def test_a_name_that_is_given_comes_before_the_environment_s(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MYNACARD_READER", "replay:card.json")
    assert card_name("") == AnyReader()
    assert card_name("Alpha") == ReaderNamed("Alpha")


def test_without_the_variable_any_reader_is_meant(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("MYNACARD_READER", raising=False)
    assert card_name(None) == AnyReader()


@pytest.mark.parametrize(("text", "card"), NAMES)
def test_cards_in_memory_and_in_files_are_the_simulated_ones(text: str, card: CardName) -> None:
    assert isinstance(card, Simulated) is text.startswith("sim:")
