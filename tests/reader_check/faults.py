"""Runs of the reader check in which one fault occurs, and whether anything met it."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import Final

from mynacard.doors import disk
from mynacard.doors.new_cards import new_key_der
from mynacard.doors.pcsclite import PcscliteDoor
from mynacard.reader_check import Report
from mynacard.reader_check.check import Run
from mynacard.reader_check.subject import Desk
from mynacard.reader_check.witness import Witness
from mynacard.simulator.faults import DESK, Fault, FaultKind
from mynacard.simulator.faulty import FaultyPoweredCard, Means
from tests.reader_check.runs import NAME, Counting

__all__ = ["FAULTS", "PLACES", "UNSEEN", "run_with"]

PLACES: Final = (1, 12, 30, 60, 90)
_NUMBERS: Final = {
    FaultKind.ERROR: "=80100013", FaultKind.STATUS: "=6F00", FaultKind.GARBAGE: "=5", FaultKind.DELAY: "=9000",
    FaultKind.SLOW_FIRST_COMMAND: "=9000", FaultKind.FALSE_END_6B00: "=1000", FaultKind.FALSE_END_6986: "=1000",
    FaultKind.FALSE_END_EMPTY: "=1000",
}  # fmt: skip
FAULTS: Final = tuple(f"{kind.value}{_NUMBERS.get(kind, '')}" for kind in FaultKind)
UNSEEN: Final = (
    "repeated-block@30", "garbage=5@60", "over-long@90", "error=80100013@25", "service-gone@30", "delay=9000@30",
    "not-transacted@24", "one-byte@90",
)  # fmt: skip
"""Faults that once left no trace in a report."""


@dataclass
class Clock:
    """The time, and what a delay adds to it: a card that takes nine seconds makes no test wait."""

    skipped_s: float = field(default=0.0)

    def __call__(self) -> float:
        return time.perf_counter() + self.skipped_s

    def sleep(self, seconds: float) -> None:
        self.skipped_s += seconds


def run_with(door: PcscliteDoor, text: str) -> tuple[Report, bool]:
    """The report on a reader with the fault *text*, and whether anything that the checks saw was changed by it."""
    fault, clock = Fault.parse(text), Clock()
    inner = Counting(disk.new_card())
    if fault.kind in DESK:
        outer = Counting(inner)
        door.plug(NAME, outer, [fault])
    else:
        outer = Counting(FaultyPoweredCard(inner, [fault], Means(clock.sleep, new_key_der)))
        door.plug(NAME, outer)
    desk = Desk(NAME, witness=Witness(clock))
    report = Run(desk, lambda _: None, lambda _: None).report()
    if NAME in door.readers:
        door.unplug(NAME)
    met = fault.kind in DESK or clock.skipped_s > 0 or outer.answers != inner.answers
    return report, met
