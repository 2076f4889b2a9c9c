"""Tables and bars for a terminal, as lines of text."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from mynacard._dataclasses import dataclass
from mynacard.cli.folding import columns_of

__all__ = ["Row", "bars", "has_blocks", "table"]

_BLOCKS: Final = "▏▎▍▌▋▊▉█"
"""Blocks from an eighth of a column to a full one."""
_BAR_MIN: Final = 8
_GAP: Final = "  "


@dataclass(frozen=True, slots=True)
class Row:
    """A bar: its label, its value, and the value as text."""

    label: str
    value: float
    text: str


def bars(rows: Sequence[Row], width: int, *, blocks: bool) -> list[str]:
    """A bar for each of *rows*; the longest fills the room that *width* columns leave.

    Args:
        rows: with values of 0 or more.
        width: the columns of a line. If they leave no room for a bar, lines are longer.
        blocks: whether to draw in eighths of a column; else in ``#``.
    """
    text_columns = max((columns_of(row.label) for row in rows), default=0) + max(
        (columns_of(row.text) for row in rows), default=0
    )
    room = max(_BAR_MIN, width - text_columns - 2 * len(_GAP))
    largest = max((row.value for row in rows), default=0)
    drawn = [_bar(row.value / largest if largest else 0, room, blocks) for row in rows]
    return table([(row.label, bar + " " * (room - len(bar)), row.text) for row, bar in zip(rows, drawn, strict=True)])


def _bar(share: float, room: int, blocks: bool) -> str:
    """A bar that fills *share* (0 to 1) of *room* columns; any share above 0 is visible."""
    parts = len(_BLOCKS) if blocks else 1
    length = max(round(share * room * parts), 1 if share else 0)
    if not blocks:
        return "#" * length
    columns, eighths = divmod(length, parts)
    return _BLOCKS[-1] * columns + (_BLOCKS[eighths - 1] if eighths else "")


def has_blocks(encoding: str) -> bool:
    """Whether *encoding* has the characters that bars are drawn with."""
    try:
        _BLOCKS.encode(encoding)
    except (UnicodeEncodeError, LookupError):
        return False
    return True


def table(rows: Sequence[Sequence[str]]) -> list[str]:
    """*rows* as lines with aligned columns: the first to the left, the others to the right."""
    widths = [max(map(columns_of, column)) for column in zip(*rows, strict=True)]
    return [_GAP.join(_cells(row, widths)).rstrip() for row in rows]


def _cells(row: Sequence[str], widths: Sequence[int]) -> list[str]:
    padding = [" " * (width - columns_of(cell)) for cell, width in zip(row, widths, strict=True)]
    return [row[0] + padding[0], *(space + cell for space, cell in zip(padding[1:], row[1:], strict=True))]
