"""The speed of a card: what is kept of its measurement, and what a card is sent for it."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Generator
from pathlib import Path

import pytest

from mynacard import errors
from mynacard.doors import new_cards
from mynacard.pin import Pin
from mynacard.reader_check.card_speed import CardSpeed, measure, reader_to_measure
from mynacard.reader_check.measures import Step
from mynacard.simulator import SimulatedCard
from tests.reader_check.runs import PIN, Counting, tries

READING = [Step.OPEN, Step.PIN_STATUS, Step.CERTIFICATE]


@pytest.fixture
def counting(card: SimulatedCard, monkeypatch: pytest.MonkeyPatch) -> Counting:
    """The card that ``sim:`` means."""
    made = Counting(card)
    monkeypatch.setattr(new_cards, "new_card", lambda: made)
    return made


def steps(speed: CardSpeed) -> list[Step]:
    return [sample.step for sample in speed.samples]


def verifies(card: Counting) -> list[bytes]:
    return [command for command in card.sent if command[1] == 0x20 and len(command) > 5]


def test_without_a_pin_each_round_is_three_steps_and_no_pin_is_sent(counting: Counting) -> None:
    speed = measure("sim:", 2)
    assert (speed.reader, speed.rounds, dict(speed.refused), speed.finished) == ("sim:", 2, {}, True)
    assert steps(speed) == READING * 2
    assert [(summary.step, len(summary.samples)) for summary in speed.summaries] == [(step, 2) for step in READING]
    assert sum(sample.apdus for sample in speed.samples) == 8 == len(counting.sent) - 1
    assert verifies(counting) == []


def test_signatures_take_one_verify(counting: Counting, card: SimulatedCard) -> None:
    speed = measure("sim:", 2, pin=Pin(PIN))
    assert steps(speed) == [*READING * 2, Step.SIGNATURE, Step.SIGNATURE]
    assert len(verifies(counting)) == 1
    assert not card.state.verified


def test_a_wrong_pin_leaves_what_was_kept(counting: Counting, card: SimulatedCard) -> None:
    before = tries(card)
    kept: list[CardSpeed] = []
    with pytest.raises(errors.PinIncorrect):
        measure("sim:", 1, pin=Pin("0000"), keep=kept.append)
    assert [len(speed.samples) for speed in kept] == [1, 2, 3]
    assert not kept[-1].finished
    assert tries(card) == before - 1


def test_the_last_that_is_kept_is_the_result(counting: Counting) -> None:
    kept: list[CardSpeed] = []
    assert measure("sim:", 1, keep=kept.append) == kept[-1]


@pytest.mark.parametrize(
    ("persona", "left_out", "error"),
    [
        ("pin-less", Step.PIN_STATUS, errors.FileNotFound),
        ("android-phone", Step.CERTIFICATE, errors.SecurityStatusNotSatisfied),
    ],
)
def test_a_refusal_of_this_kind_of_card_is_kept_and_the_rest_measured(
    persona: str, left_out: Step, error: type[errors.CardError]
) -> None:
    speed = measure(f"sim:@{persona}", 2)
    assert steps(speed) == [step for step in READING if step is not left_out] * 2
    assert list(speed.refused) == [left_out]
    assert isinstance(speed.refused[left_out], error)
    assert speed.finished


def test_another_refusal_ends_it(counting: Counting, monkeypatch: pytest.MonkeyPatch) -> None:
    kept: list[CardSpeed] = []
    answer = counting.transmit
    monkeypatch.setattr(counting, "transmit", lambda sent: b"\x6f\x00" if sent[1] == 0xB0 else answer(sent))
    with pytest.raises(errors.CardError):
        measure("sim:", 1, keep=kept.append)
    assert steps(kept[-1]) == READING[:2]
    assert kept[-1].refused == {}


def test_progress_of_signatures_begins_after_the_pin(counting: Counting) -> None:
    seen: list[str] = []

    @contextlib.contextmanager
    def progress(label: str) -> Generator[Callable[[], None], None, None]:
        seen.append(f"{label}, VERIFY: {len(verifies(counting))}")
        yield lambda: seen.append("round")
        seen.append("end")

    measure("sim:", 2, pin=Pin(PIN), progress=progress)
    assert seen == ["Reading, VERIFY: 0", "round", "round", "end", "Signing, VERIFY: 1", "round", "round", "end"]


def test_a_recording_is_not_measured(tmp_path: Path) -> None:
    with pytest.raises(errors.UsageError, match="does not answer at a card's speed"):
        reader_to_measure(f"replay:{tmp_path / 'card.recording'}")


@pytest.mark.parametrize("name", ["sim:", "sim:@android-phone", "sim:some.card"])
def test_a_simulated_card_keeps_its_name(name: str) -> None:
    assert reader_to_measure(name) == name
