"""What can go wrong on a desk, as data: a kind of fault, and the APDU at which it comes.

A fault is written ``KIND@N``: at the N-th APDU that reaches the reader, counted from 1.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum
from typing import Final, Self

from mynacard.errors import UsageError, mark

__all__ = ["KINDS", "Armed", "Fault", "FaultKind"]


class FaultKind(Enum):
    """What happens. The card has not seen the APDU, unless it is said that the answer is lost."""

    REMOVED = "removed"
    """The card is taken off the reader."""
    UNPLUGGED = "unplugged"
    """The reader is gone, and the card with it."""
    RESET = "reset"
    """Another program resets the card, a warm reset."""
    SERVICE_GONE = "service-gone"
    """The PC/SC service ends, and the card loses its power; another service is there at once."""
    ERROR = "error"
    """PC/SC returns the error that the fault names."""
    NOT_TRANSACTED = "not-transacted"
    """The answer is lost, and the client hears so."""
    EMPTY = "empty"
    """The answer is lost, and the client gets none, as a success."""
    MUTE = "mute"
    """The answer is lost, and the client waits for it without end."""


KINDS: Final = ", ".join("error=HEX" if kind is FaultKind.ERROR else kind.value for kind in FaultKind)
"""All kinds, as they are written."""

_FORM: Final = re.compile(r"(?P<kind>[a-z-]+)(?:=(?P<code>[0-9A-Fa-f]{1,8}))?@(?P<at>[1-9][0-9]{0,8})")


@dataclass(frozen=True, slots=True)
class Fault:
    """A fault of *kind* at the APDU number *at*; *code* is the PC/SC error of an ERROR, and 0 for every other kind."""

    kind: FaultKind
    at: int
    code: int = 0

    @classmethod
    def parse(cls, text: str) -> Self:
        """The fault that *text* names: ``KIND@N``, or ``error=HEX@N``.

        Raises:
            UsageError: it names none.
        """
        found = _FORM.fullmatch(text)
        kinds = {kind.value: kind for kind in FaultKind}
        if found is None or found["kind"] not in kinds:
            raise _no_fault(text)
        kind = kinds[found["kind"]]
        code = int(found["code"] or "0", 16)
        if (kind is FaultKind.ERROR) != (code > 0):
            raise _no_fault(text)
        return cls(kind, int(found["at"]), code)

    def __str__(self) -> str:
        return f"{self.kind.value}{f'={self.code:08X}' if self.code else ''}@{self.at}"


class Armed:
    """Faults that wait for their APDU.

    Raises:
        UsageError: two wait for the same one.
    """

    def __init__(self, faults: Iterable[Fault] = ()) -> None:
        self._waiting: dict[int, Fault] = {}
        self._count = 0
        for fault in faults:
            if fault.at in self._waiting:
                raise UsageError(mark("Two faults at the APDU number {at}."), at=fault.at)
            self._waiting[fault.at] = fault

    def at_next_apdu(self) -> Fault | None:
        """Counts an APDU; the fault that comes at it."""
        self._count += 1
        return self._waiting.get(self._count)


def _no_fault(text: str) -> UsageError:
    return UsageError(
        mark("{text} is no fault. A fault is KIND@N, at the N-th APDU; the kinds are: {kinds}."), text=text, kinds=KINDS
    )
