"""Helpers for runs of the reader check, and a card that keeps the commands that it was sent."""

from __future__ import annotations

from typing import Any, Final

from mynacard.jpki import DF_NAME, USER_AUTHENTICATION
from mynacard.reader_check import Check, Report
from mynacard.simulator import SimulatedCard
from mynacard.simulator.narrow import Narrows
from mynacard.simulator.powered import Around
from tests.support import CANARY

NAME: Final = "Simulated Reader 00 00"
PIN: Final = CANARY

SHORT: Final = Narrows(extended_length=False)
READERS: Final = {
    "short-only": SHORT, "261": Narrows(longest=261), "522": Narrows(longest=522), "65000": Narrows(longest=65_000),
    "65-kB": Narrows(), "261-cuts": Narrows(longest=261, cuts=True), "522-cuts": Narrows(longest=522, cuts=True),
    "700": Narrows(longest=700), "1212": Narrows(longest=1212),
}  # fmt: skip


class Counting(Around):
    """A card that keeps the commands that it was sent."""

    def __init__(self, card: Any) -> None:
        super().__init__(card)
        self.sent: list[bytes] = []
        self.answers: list[bytes] = []

    def transmit(self, command: bytes, /) -> bytes:
        self.sent.append(command)
        self.answers.append(super().transmit(command))
        return self.answers[-1]


def results(report: Report) -> dict[str, str]:
    return {check.code: check.result.value for check in report.checks}


def of(report: Report, code: str) -> Check:
    return next(check for check in report.checks if check.code == code)


def tries(card: SimulatedCard) -> int:
    return card.pins[DF_NAME, USER_AUTHENTICATION.pin.key].tries_left
