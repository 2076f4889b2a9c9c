"""A simulated card's answers without data: done, or a refusal."""

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
"""The refusal of a command that no form fits, by the first part of it that is wrong."""


def status_only(status: int) -> ResponseApdu:
    """An answer of *status*, without data."""
    return ResponseApdu(status=StatusWord(status))


class Refused(Exception):
    """Ends a command that the card refuses. It stays inside the card: outside, a refusal is an answer, not an error."""

    def __init__(self, status: int) -> None:
        self.response = status_only(status)
