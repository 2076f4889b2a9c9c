"""The reader that a test wants, in words. This loads no reader: every test with a card needs the names."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import field
from typing import TYPE_CHECKING

from mynacard._dataclasses import dataclass

if TYPE_CHECKING:
    from mynacard.doors.pcsclite import Gesture
    from mynacard.simulator.narrow import Narrows

__all__ = ["ReaderOptions"]


@dataclass(frozen=True, slots=True)
class ReaderOptions:
    """The reader that a test wants: the rest of the keywords of the marker ``mynacard``.

    Attributes:
        limits: which APDUs pass through it; None: all.
        keypad: what the holder does at its keypad, one after the other: digits, or a gesture. None: it has no keypad.
    """

    limits: Narrows | None = None
    keypad: Sequence[str | Gesture] | None = field(default=None, repr=False)
