"""Faults of a desk or a card, as data: the kind of fault, and the APDU at which it occurs.

A fault is written ``KIND@N``: at the N-th APDU that reaches the reader, counted from 1; some kinds take a number:
``KIND=NUMBER@N``. :mod:`mynacard.simulator.faulty` makes a card's answers faulty; faults of the desk are the door's.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from enum import Enum
from typing import Final, Self

from mynacard._dataclasses import dataclass
from mynacard.errors import UsageError
from mynacard.texts import N_

__all__ = ["DESK", "KINDS", "LASTING", "Armed", "Fault", "FaultKind"]


class FaultKind(Enum):
    """The kinds of faults. Unless the answer is described as lost or changed, the card has not seen the APDU."""

    REMOVED = "removed"
    """The card is taken off the reader."""
    REMOVED_DURING = "removed-during"
    """The card is taken off while it works: it has carried out the command, and the answer is lost."""
    REMOVED_AFTER = "removed-after"
    """The card is taken off as soon as its answer has come."""
    UNPLUGGED = "unplugged"
    """The reader is gone, and the card with it."""
    RESET = "reset"
    """Another program resets the card, a warm reset."""
    SERVICE_GONE = "service-gone"
    """The PC/SC service ends, and the card loses its power; another service is there at once."""
    ERROR = "error"
    """PC/SC returns the error that the fault names."""
    NOT_TRANSACTED = "not-transacted"
    """The answer is lost, and PC/SC reports that."""
    EMPTY = "empty"
    """The answer is lost, and the client gets an empty one as a success."""
    MUTE = "mute"
    """The answer is lost, and the client waits for it forever."""

    STATUS = "status"
    """The card refuses with the status word that the fault names."""
    ONE_BYTE = "one-byte"
    """The answer is changed: only its first byte."""
    OVER_LONG = "over-long"
    """The answer is changed: one byte more than Ne."""
    GARBAGE = "garbage"
    """The answer is changed: arbitrary bytes, chosen by the number that the fault names."""
    DELAY = "delay"
    """The answer comes that many milliseconds later."""
    FIRST_COMMAND_FAULT = "first-command-fault"
    """'6F00' to the first command after each power-on."""
    SLOW_FIRST_COMMAND = "slow-first-command"
    """The answer to the first command after each power-on comes that many milliseconds later."""
    WRONG_LE_FOR_EVER = "wrong-le-for-ever"
    """'6CXX' to every command, even with the Le that it asked for."""
    MORE_FOR_EVER = "more-for-ever"
    """The answer is changed: '61XX' to every command, even GET RESPONSE."""
    REPEATED_BLOCK = "repeated-block"
    """The answer is changed: READ BINARY gives the same block whatever the offset."""
    FALSE_END_6B00 = "false-end-6b00"
    """The answer is changed: every EF seems to end at the byte that the fault names; behind it '6B00'."""
    FALSE_END_6986 = "false-end-6986"
    """The same; behind it '6986'."""
    FALSE_END_EMPTY = "false-end-empty"
    """The same; behind it '9000' and no data."""
    TRUNCATED = "truncated"
    """The answer is changed: only 256 bytes of a longer one, and '9000'."""
    WRONG_SIGNATURE = "wrong-signature"
    """The answer is changed: one bit of every signature is wrong."""
    FOREIGN_SIGNATURE = "foreign-signature"
    """The answer is changed: every signature is another key's."""


LASTING: Final = frozenset({
    FaultKind.FIRST_COMMAND_FAULT, FaultKind.WRONG_LE_FOR_EVER, FaultKind.MORE_FOR_EVER, FaultKind.REPEATED_BLOCK,
    FaultKind.TRUNCATED, FaultKind.WRONG_SIGNATURE, FaultKind.FOREIGN_SIGNATURE, FaultKind.SLOW_FIRST_COMMAND,
    FaultKind.FALSE_END_6B00, FaultKind.FALSE_END_6986, FaultKind.FALSE_END_EMPTY,
})  # fmt: skip
"""The kinds that last from their APDU on."""

DESK: Final = frozenset({
    FaultKind.REMOVED, FaultKind.REMOVED_DURING, FaultKind.REMOVED_AFTER, FaultKind.UNPLUGGED, FaultKind.RESET,
    FaultKind.SERVICE_GONE, FaultKind.ERROR, FaultKind.NOT_TRANSACTED, FaultKind.EMPTY, FaultKind.MUTE,
})  # fmt: skip
"""The kinds that happen to the reader or to its card. All others are in the card's answers."""


@dataclass(frozen=True, slots=True)
class _Number:
    """The number that a kind takes: its name, base, format and range."""

    label: str
    base: int
    written: str
    allowed: range


_MILLISECONDS: Final = _Number("MS", 10, "d", range(1, 600_001))
_OFFSET: Final = _Number("OFFSET", 10, "d", range(1 << 15))
_NUMBERS: Final = {
    FaultKind.ERROR: _Number("HEX", 16, "08X", range(1, 1 << 32)),
    FaultKind.STATUS: _Number("HEX", 16, "04X", range(1 << 16)),
    FaultKind.GARBAGE: _Number("SEED", 10, "d", range(1 << 31)),
    FaultKind.DELAY: _MILLISECONDS,
    FaultKind.SLOW_FIRST_COMMAND: _MILLISECONDS,
    FaultKind.FALSE_END_6B00: _OFFSET,
    FaultKind.FALSE_END_6986: _OFFSET,
    FaultKind.FALSE_END_EMPTY: _OFFSET,
}

KINDS: Final = ", ".join(
    f"{kind.value}={_NUMBERS[kind].label}" if kind in _NUMBERS else kind.value for kind in FaultKind
)
"""All kinds, as they are written."""

_FORM: Final = re.compile(r"(?P<kind>[a-z][a-z0-9-]*)(?:=(?P<number>[0-9A-Fa-f]{1,10}))?@(?P<at>[1-9][0-9]{0,8})")


@dataclass(frozen=True, slots=True)
class Fault:
    """A fault of *kind* at the APDU number *at*, or from there on (:data:`LASTING`).

    *code* is the number that the kind takes: PC/SC's error, status word, seed, milliseconds,
    offset in bytes; 0 where it takes none.
    """

    kind: FaultKind
    at: int
    code: int = 0

    @classmethod
    def parse(cls, text: str) -> Self:
        """The fault that *text* names: ``KIND@N``, or ``KIND=NUMBER@N``.

        Raises:
            UsageError: *text* does not name a fault.
        """
        parts = _FORM.fullmatch(text)
        kinds = {kind.value: kind for kind in FaultKind}
        if parts is None or parts["kind"] not in kinds:
            raise _not_a_fault(text)
        kind = kinds[parts["kind"]]
        return cls(kind, int(parts["at"]), _number(text, _NUMBERS.get(kind), parts["number"]))

    def __str__(self) -> str:
        number = _NUMBERS.get(self.kind)
        return f"{self.kind.value}{f'={self.code:{number.written}}' if number else ''}@{self.at}"


def _number(text: str, wanted: _Number | None, digits: str | None) -> int:
    """The number that *text* has as *digits*; 0 for a kind that takes none."""
    if wanted is None or digits is None:
        if wanted is not None or digits is not None:
            raise _not_a_fault(text)
        return 0
    try:
        number = int(digits, wanted.base)
    except ValueError:
        raise _not_a_fault(text) from None
    if number not in wanted.allowed:
        raise _not_a_fault(text)
    return number


class Armed:
    """Faults that wait for their APDU.

    Raises:
        UsageError: two wait for the same APDU.
    """

    def __init__(self, faults: Iterable[Fault] = ()) -> None:
        self._waiting: dict[int, Fault] = {}
        self._count = 0
        for fault in faults:
            if fault.at in self._waiting:
                raise UsageError(N_("There are two faults at APDU number {at}."), at=fault.at)
            self._waiting[fault.at] = fault

    def at_next_apdu(self) -> Fault | None:
        """Count an APDU; return the fault at it."""
        self._count += 1
        return self._waiting.get(self._count)


def _not_a_fault(text: str) -> UsageError:
    return UsageError(
        N_("{text} is not a fault. A fault is KIND@N, at the N-th APDU; the kinds are: {kinds}."),
        text=text,
        kinds=KINDS,
    )
