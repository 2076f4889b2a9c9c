"""How a recording's time was spent: by the card, for each kind of command, and between commands."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from mynacard._dataclasses import dataclass
from mynacard.recordings.showing.words import KINDS, Line

__all__ = ["BETWEEN", "Share", "milliseconds", "shares"]

BETWEEN: Final = "between commands"


@dataclass(frozen=True, slots=True)
class Share:
    """The number of commands of one kind, and their time together.

    Attributes:
        kind: one of :data:`KINDS`, or :data:`BETWEEN`.
        count: how many commands; 0 for :data:`BETWEEN`.
        spent_us: microseconds; None where the recording has no times.
    """

    kind: str
    count: int
    spent_us: int | None


def shares(lines: Sequence[Line]) -> Iterator[Share]:
    """A share for each kind of command that occurs; last, if there are times, the share between commands."""
    for kind in KINDS:
        of_kind = [line for line in lines if line.kind == kind]
        if of_kind:
            yield Share(kind, len(of_kind), _spent_us(of_kind))
    ends = [line.at_us + line.took_us for line in lines if line.at_us is not None and line.took_us is not None]
    if ends:
        yield Share(BETWEEN, 0, max(0, max(ends) - (_spent_us(lines) or 0)))


def _spent_us(lines: Sequence[Line]) -> int | None:
    times = [line.took_us for line in lines if line.took_us is not None]
    return sum(times) if times else None


def milliseconds(time_us: int) -> str:
    """*time_us*, microseconds, as milliseconds with two decimals."""
    return f"{time_us / 1000:.2f}"
