"""Answers of a simulated card that have no data: that it is done, or how it refuses."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from mynacard.apdu.commands import Part
from mynacard.apdu.message import ResponseApdu
from mynacard.apdu.status import StatusWord

__all__ = ["DONE", "REFUSALS", "Refused", "status_only"]

DONE: Final = ResponseApdu()

REFUSALS: Final[Mapping[Part, int]] = {
    Part.CLA: StatusWord.UNKNOWN_CLA,
    Part.INS: StatusWord.UNKNOWN_INS,
    Part.P1_P2: StatusWord.WRONG_P1_P2,
    Part.LENGTH: StatusWord.WRONG_LENGTH,
}
"""How a command is refused that no form fits, by the first part of it that is wrong."""


def status_only(status: int) -> ResponseApdu:
    """The answer that is *status*, without data."""
    return ResponseApdu(status=StatusWord(status))


class Refused(Exception):
    """How a card leaves a command that it refuses; inside it only, for a refusal is an answer, not an error."""

    def __init__(self, status: int) -> None:
        self.response = status_only(status)
