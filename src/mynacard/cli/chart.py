"""Tables and bars for a terminal, as lines of text."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

__all__ = ["Row", "bars", "has_blocks", "table"]

_BLOCKS: Final = "▏▎▍▌▋▊▉█"
"""An eighth of a column to a whole one."""
_BAR_MIN: Final = 8
_GAP: Final = "  "


@dataclass(frozen=True, slots=True)
class Row:
    """A bar: its label, how much it stands for, and that as text."""

    label: str
    value: float
    text: str


def bars(rows: Sequence[Row], width: int, *, blocks: bool) -> list[str]:
    """A bar for each of *rows*, the longest as long as there is room for in *width* columns.

    Args:
        rows: none of them less than 0.
        width: of a line, in columns; where it has no room for a bar, lines are longer.
        blocks: whether to draw in eighths of a column; else in ``#``.
    """
    beside = max((_columns(row.label) for row in rows), default=0) + max(
        (_columns(row.text) for row in rows), default=0
    )
    room = max(_BAR_MIN, width - beside - 2 * len(_GAP))
    most = max((row.value for row in rows), default=0)
    drawn = [_bar(row.value / most if most else 0, room, blocks) for row in rows]
    return table([(row.label, bar + " " * (room - len(bar)), row.text) for row, bar in zip(rows, drawn, strict=True)])


def _bar(share: float, room: int, blocks: bool) -> str:
    """A bar of *share*, 0 to 1, of *room* columns; what is more than nothing shows."""
    parts = len(_BLOCKS) if blocks else 1
    length = max(round(share * room * parts), 1 if share else 0)
    if not blocks:
        return "#" * length
    whole, rest = divmod(length, parts)
    return _BLOCKS[-1] * whole + (_BLOCKS[rest - 1] if rest else "")


def has_blocks(encoding: str) -> bool:
    """Whether *encoding* has the letters that bars are drawn with."""
    try:
        _BLOCKS.encode(encoding)
    except (UnicodeEncodeError, LookupError):
        return False
    return True


def table(rows: Sequence[Sequence[str]]) -> list[str]:
    """*rows* with their cells below one another: the first column to the left, the others to the right."""
    widths = [max(map(_columns, column)) for column in zip(*rows, strict=True)]
    return [_GAP.join(_cells(row, widths)).rstrip() for row in rows]


def _cells(row: Sequence[str], widths: Sequence[int]) -> list[str]:
    padding = [" " * (width - _columns(cell)) for cell, width in zip(row, widths, strict=True)]
    return [row[0] + padding[0], *(space + cell for space, cell in zip(padding[1:], row[1:], strict=True))]


def _columns(text: str) -> int:
    """How many columns of a terminal *text* takes: a Japanese letter takes two (Unicode Standard Annex 11)."""
    return sum(2 if unicodedata.east_asian_width(letter) in "WF" else 1 for letter in text)
