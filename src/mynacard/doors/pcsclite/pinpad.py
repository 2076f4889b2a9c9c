"""A reader's keypad: the client asks the reader for a PIN, a person types it there, and the client never sees it.

Source: PC/SC Workgroup, part 10 (features, status words). A reader chooses its control codes; these are
the CCID driver's, and so are the reported properties.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import field
from enum import Enum
from typing import Final, TypeAlias

from construct import Byte, ConstructError, Int16un, Struct

from mynacard._dataclasses import dataclass
from mynacard.apdu import keypad as part10
from mynacard.apdu.keypad import Feature
from mynacard.errors import UsageError
from mynacard.pin import Pin
from mynacard.texts import N_

__all__ = [
    "CONTROL_BASE",
    "FEATURES",
    "GET_FEATURE_REQUEST",
    "PIN_PROPERTIES",
    "Gesture",
    "Keypad",
    "TypedRequest",
    "control_code",
    "typed",
]

CONTROL_BASE: Final = 0x42000000
"""SCARD_CTL_CODE(0), in pcsc-lite."""
GET_FEATURE_REQUEST: Final = CONTROL_BASE + part10.GET_FEATURE_REQUEST


def control_code(feature: Feature) -> int:
    """The control code of *feature*; its last byte is the feature's tag."""
    return 0x42330000 + feature


FEATURES: Final = part10.feature_list({
    feature: control_code(feature)
    for feature in (Feature.VERIFY_PIN_DIRECT, Feature.MODIFY_PIN_DIRECT, Feature.IFD_PIN_PROPERTIES)
})  # fmt: skip
"""The features of a reader with a keypad."""
PIN_PROPERTIES: Final = bytes(Struct("lcd" / Int16un, "validation" / Byte, "timeout2" / Byte).build(
    {"lcd": 0, "validation": part10.KEY_PRESSED, "timeout2": 0}
))  # fmt: skip
"""No display; an entry ends with a key; no second time limit."""

_WRONG_PARAMETER: Final = part10.WRONG_PARAMETER.to_bytes(2)
_WRONG_LENGTH: Final = part10.WRONG_LENGTH.to_bytes(2)
_TYPED_TWO_WAYS: Final = part10.TYPED_TWO_WAYS.to_bytes(2)
_DIGITS_MAX: Final = 16
_INSTRUCTIONS: Final = {
    Feature.VERIFY_PIN_DIRECT: frozenset({0x20}),
    Feature.MODIFY_PIN_DIRECT: frozenset({0x24, 0x32}),
}
_STRUCTURES: Final = {Feature.VERIFY_PIN_DIRECT: part10.VERIFY, Feature.MODIFY_PIN_DIRECT: part10.MODIFY}


class Gesture(Enum):
    """An action of the person other than typing a PIN, with its status word."""

    CANCEL = part10.CANCELLED.to_bytes(2)
    TIME_OUT = part10.TIMED_OUT.to_bytes(2)


Entry: TypeAlias = Pin | Gesture


class Keypad:
    """A keypad, and the person at it, who does one of *entries* each time a PIN is asked for, and then nothing.

    Args:
        entries: digits, or a :class:`Gesture`.

    Raises:
        UsageError: an entry has characters that a keypad does not have.
    """

    def __init__(self, entries: Iterable[str | Gesture]) -> None:
        self._entries = deque(_entry(entry) for entry in entries)

    @property
    def left(self) -> int:
        """How many entries are still to come."""
        return len(self._entries)

    def next_entry(self) -> Entry:
        """The person's next entry; a time-out after the last one."""
        return self._entries.popleft() if self._entries else Gesture.TIME_OUT


def _entry(entry: str | Gesture) -> Entry:
    if isinstance(entry, Gesture):
        return entry
    if not (0 < len(entry) <= _DIGITS_MAX and entry.isascii() and entry.isdigit()):
        raise UsageError(N_("A keypad has ten digits, and takes 1 to {most} of them."), most=_DIGITS_MAX)
    return Pin(entry)


@dataclass(frozen=True, slots=True)
class TypedRequest:
    """A PIN that a client wants typed: the command to make, and where in it the digits go.

    Attributes:
        header: the first four bytes of the command.
        data: its data field without digits.
        position: where in the data field the first digit goes.
        block: the digits are padded to at least this many bytes with 'FF'; 0 for no padding.
        lengths: how many digits there may be.
        times: how often the PIN is typed.
    """

    header: bytes
    data: bytes = field(repr=False)
    position: int
    block: int
    lengths: range
    times: int = 1

    @classmethod
    def parse(cls, feature: Feature, wire: bytes) -> TypedRequest | None:
        """The request in *wire*, a PIN_VERIFY_STRUCTURE or PIN_MODIFY_STRUCTURE; None for one that is refused.

        This keypad types ASCII, from the left, into VERIFY, or only a new PIN into a change, and writes no length but
        Lc. It refuses a structure of another kind, and one into which no digits fit.
        """
        try:
            value = _STRUCTURES[feature].parse(wire)
        except ConstructError:
            return None
        template = bytes(value.template)
        new = feature is Feature.MODIFY_PIN_DIRECT
        unit, position = value.format & 0x80, value.format >> 3 & 0x0F
        plain = value.format & 0x07 == 0x02 and value.block >> 4 == 0 and (unit or not position)
        fits = len(template) >= 4 and template[1] in _INSTRUCTIONS[feature]
        if value.length != len(template) or not plain or not fits or (new and value.confirm > part10.CONFIRM_NEW):
            return None
        lengths = range(value.lengths >> 8, (value.lengths & 0xFF) + 1)
        times = 2 if new and value.confirm else 1
        return cls(template[:4], template[5:], position, value.block & 0x0F, lengths, times)

    def command(self, entry: Pin) -> bytes | None:
        """The command with the digits of *entry*; None where they are too few or too many."""
        if len(entry) not in self.lengths or len(entry) > (self.block or _DIGITS_MAX):
            return None
        data = bytearray(self.data.ljust(self.position + (self.block or len(entry)), b"\xff"))
        data[self.position : self.position + len(entry)] = entry.reveal()
        return self.header + bytes((len(data),)) + data


def typed(keypad: Keypad, feature: Feature, wire: bytes, transmit: Callable[[bytes], bytes | None]) -> bytes | None:
    """The answer to the structure *wire*: the card's, through *transmit*, or the reader's if there is no PIN."""
    request = TypedRequest.parse(feature, wire)
    if request is None:
        return _WRONG_PARAMETER
    entries: list[Pin] = []
    for _ in range(request.times):
        entry = keypad.next_entry()
        if isinstance(entry, Gesture):
            return entry.value
        entries.append(entry)
    command = request.command(entries[0])
    if command is None:
        return _WRONG_LENGTH
    return transmit(command) if entries[0] == entries[-1] else _TYPED_TWO_WAYS
