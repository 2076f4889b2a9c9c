"""Counts and times the APDUs between a program and a card, and sums them up by step."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Iterable
from enum import Enum

from mynacard._dataclasses import dataclass
from mynacard.apdu.message import Card
from mynacard.texts import N_

__all__ = ["Meter", "Sample", "Step", "Summary", "summaries"]


class Step(Enum):
    """The steps that are measured, in their order; ``label`` names one for people."""

    OPEN = "open"
    PIN_STATUS = "pin-status"
    CERTIFICATE = "certificate"
    SIGNATURE = "signature"

    @property
    def label(self) -> str:
        return _LABELS[self]


_LABELS = {
    Step.OPEN: N_("open and select"),
    Step.PIN_STATUS: N_("PIN status"),
    Step.CERTIFICATE: N_("certificate"),
    Step.SIGNATURE: N_("signature"),
}


@dataclass(frozen=True, slots=True)
class Sample:
    """One run of a step: how long it took, how many APDUs, and the bytes of their commands and answers."""

    step: Step
    ns: int
    apdus: int
    sent: int
    received: int

    @property
    def ms(self) -> float:
        return self.ns / 1e6


class Meter:
    """Counts the APDUs that a card is sent, and measures how long they take.

    Args:
        clock: a monotonic clock, in nanoseconds.
    """

    def __init__(self, clock: Callable[[], int] = time.perf_counter_ns) -> None:
        self._clock = clock
        self.start()

    def around(self, card: Card) -> Card:
        """A card around *card* that reports each APDU to this meter."""
        return _Metered(card, self)

    def passed(self, command: bytes, answer: bytes) -> None:
        """Count one more APDU."""
        self._apdus += 1
        self._sent += len(command)
        self._received += len(answer)

    def start(self) -> None:
        """Start again from zero."""
        self._apdus = self._sent = self._received = 0
        self._began = self._clock()

    def lap(self, step: Step) -> Sample:
        """Everything since the start or the previous lap, as a sample of *step*."""
        sample = Sample(step, self._clock() - self._began, self._apdus, self._sent, self._received)
        self.start()
        return sample


@dataclass(frozen=True, slots=True)
class _Metered:
    card: Card
    meter: Meter

    def transmit(self, command: bytes, /) -> bytes:
        answer = self.card.transmit(command)
        self.meter.passed(command, answer)
        return answer


@dataclass(frozen=True, slots=True)
class Summary:
    """All samples of one step."""

    step: Step
    samples: tuple[Sample, ...]

    @property
    def median_ms(self) -> float:
        return statistics.median(sample.ms for sample in self.samples)

    @property
    def min_ms(self) -> float:
        return min(sample.ms for sample in self.samples)

    @property
    def max_ms(self) -> float:
        return max(sample.ms for sample in self.samples)

    @property
    def bytes_per_s(self) -> float | None:
        """The median of the certificate's bytes per second; None for other steps, or if the clock did not advance."""
        if self.step is not Step.CERTIFICATE:
            return None
        rates = [sample.received * 1e9 / sample.ns for sample in self.samples if sample.ns]
        return statistics.median(rates) if rates else None


def summaries(samples: Iterable[Sample]) -> list[Summary]:
    """*samples* grouped by their steps; steps without samples are left out."""
    kept = tuple(samples)
    by_step = ((step, tuple(sample for sample in kept if sample.step is step)) for step in Step)
    return [Summary(step, group) for step, group in by_step if group]
