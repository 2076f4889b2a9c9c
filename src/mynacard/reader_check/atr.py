"""A card's answer to reset, in words.

Source: ISO/IEC 7816-3:2006 §8.2 (its bytes), §8.3 (their meaning: tables 7 and 8 for Fi and Di); PC/SC part 3,
§3.1.3.2.3 (the answer that a reader makes up for a contactless card).
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import reduce
from typing import Final

from mynacard._dataclasses import dataclass

__all__ = ["atr_in_words"]

_CONVENTIONS: Final = {0x3B: "direct convention", 0x3F: "inverse convention"}
_FI: Final = {
    0: 372, 1: 372, 2: 558, 3: 744, 4: 1116, 5: 1488, 6: 1860, 9: 512, 10: 768, 11: 1024, 12: 1536, 13: 2048,
}  # fmt: skip
_DI: Final = {1: 1, 2: 2, 3: 4, 4: 8, 5: 16, 6: 32, 7: 64, 8: 12, 9: 20}
_CONTACTLESS: Final = b"\x80\x01"
"""TD1 and TD2 of an answer that a reader makes up."""
_GLOBAL: Final = 15
"""T=15 is not a protocol: the bytes after it concern all protocols."""


@dataclass(frozen=True, slots=True)
class _Group:
    """The interface bytes TA, TB, TC and TD of one number; None where they are absent. *protocol* is the T before."""

    protocol: int | None
    ta: int | None
    td: int | None


def atr_in_words(atr: bytes) -> str:
    """The meaning of *atr*: convention, protocols, speed, historical bytes, checksum; or that it is not one."""
    try:
        return "; ".join(_parts(atr))
    except (IndexError, KeyError):
        return "not an answer to reset of ISO/IEC 7816-3"


def _parts(atr: bytes) -> Iterator[str]:
    groups, at = _groups(atr)
    protocols = sorted({group.td & 0x0F for group in groups if group.td is not None} - {_GLOBAL}) or [0]
    historical = atr[at : at + (atr[1] & 0x0F)]
    checked = protocols != [0] or any(group.td is not None and group.td & 0x0F == _GLOBAL for group in groups)
    if len(historical) < atr[1] & 0x0F or len(atr) != at + len(historical) + checked:
        raise IndexError
    yield _CONVENTIONS[atr[0]]
    if atr[1] >> 4 == 0x8 and atr[2:4] == _CONTACTLESS:
        yield "made up by the reader for a contactless card"
    else:
        yield " and ".join(f"T={protocol}" for protocol in protocols)
        yield from _speed(groups[0].ta)
        yield from (
            f"receives up to {group.ta} bytes a block" for group in groups[2:3] if group.protocol == 1 and group.ta
        )
    yield f"historical bytes {historical.hex(' ').upper()}" if historical else "no historical bytes"
    if checked:
        yield "checksum right" if reduce(lambda left, right: left ^ right, atr[1:]) == 0 else "checksum wrong"


def _groups(atr: bytes) -> tuple[list[_Group], int]:
    """The interface bytes, and the place of the first historical byte."""
    groups: list[_Group] = []
    at, present, protocol = 2, atr[1] >> 4, None
    while True:
        places = iter(range(at, at + 4))
        ta, _, _, td = (atr[next(places)] if present >> bit & 1 else None for bit in range(4))
        groups.append(_Group(protocol, ta, td))
        at += present.bit_count()
        if td is None:
            return groups, at
        present, protocol = td >> 4, td & 0x0F


def _speed(ta1: int | None) -> Iterator[str]:
    """How fast the card can be, by TA1; nothing where it says the default."""
    if ta1 is not None and ta1 != 0x11:
        fi, di = _FI[ta1 >> 4], _DI[ta1 & 0x0F]
        yield f"up to {372 * di / fi:.3g} times the default speed"
