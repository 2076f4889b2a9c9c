"""A reader's keypad: the client asks the reader for a PIN, a person types it there, and the client never sees it.

Source: PC/SC Workgroup, part 10 (features, status words); pcsc-lite 1.9.9, src/PCSC/reader.h (structures, tags). The
control codes are the reader's own affair; these are what the CCID driver uses.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from enum import Enum
from typing import Final, TypeAlias

from construct import Byte, Const, ConstructError, GreedyBytes, Int16un, Int32un, Struct, Terminated

from mynacard.apdu.wire import Wire
from mynacard.errors import UsageError, mark
from mynacard.pin import Pin

__all__ = [
    "FEATURES",
    "GET_FEATURE_REQUEST",
    "IFD_PIN_PROPERTIES",
    "PIN_PROPERTIES",
    "VERIFY_PIN_DIRECT",
    "Gesture",
    "Keypad",
    "VerifyRequest",
    "typed",
]

GET_FEATURE_REQUEST: Final = 0x42000000 + 3400
VERIFY_PIN_DIRECT: Final = 0x42330006
IFD_PIN_PROPERTIES: Final = 0x4233000A
"""Control codes; the last byte of a feature's is its tag."""
FEATURES: Final = b"".join(
    bytes((code & 0xFF, 4)) + code.to_bytes(4) for code in (VERIFY_PIN_DIRECT, IFD_PIN_PROPERTIES)
)
"""The answer to GET_FEATURE_REQUEST: tag, length and control code of each, the highest byte first."""
PIN_PROPERTIES: Final = bytes(Struct("lcd" / Int16un, "validation" / Byte, "timeout2" / Byte).build(
    {"lcd": 0, "validation": 0x02, "timeout2": 0}
))  # fmt: skip
"""No display; an entry ends with a key; no second time limit."""

_WRONG_PARAMETER: Final = b"\x6b\x80"
_WRONG_LENGTH: Final = b"\x64\x03"
_DIGITS_MAX: Final = 16
_VERIFY_INS: Final = 0x20


class Gesture(Enum):
    """What a person does who does not type a PIN, and the status word for it."""

    CANCEL = b"\x64\x01"
    TIME_OUT = b"\x64\x00"


Entry: TypeAlias = Pin | Gesture


class Keypad:
    """A keypad, and the person at it, who does one of *entries* each time a PIN is asked for; then nothing any more.

    Args:
        entries: digits, or a :class:`Gesture`.

    Raises:
        UsageError: something that no keypad has keys for.
    """

    def __init__(self, entries: Iterable[str | Gesture]) -> None:
        self._entries = deque(_entry(each) for each in entries)

    @property
    def left(self) -> int:
        """How many entries are still to come."""
        return len(self._entries)

    def next_entry(self) -> Entry:
        """What the person does now: after the last entry nobody is there."""
        return self._entries.popleft() if self._entries else Gesture.TIME_OUT


def _entry(entry: str | Gesture) -> Entry:
    if isinstance(entry, Gesture):
        return entry
    if not (0 < len(entry) <= _DIGITS_MAX and entry.isascii() and entry.isdigit()):
        raise UsageError(mark("A keypad has ten digits, and takes 1 to {most} of them."), most=_DIGITS_MAX)
    return Pin(entry)


_VERIFY: Final[Wire] = Struct(
    "timeout_s" / Byte, "timeout_after_first_s" / Byte,
    "format" / Byte, "block" / Byte, "length_format" / Byte,
    "lengths" / Int16un,  # XXYY: the fewest digits, and the most
    "validation" / Byte, "messages" / Byte, "language" / Int16un, "message" / Byte, "prologue" / Const(bytes(3)),
    "length" / Int32un, "template" / GreedyBytes, Terminated,
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class VerifyRequest:
    """A PIN that a client wants verified: the command to make, and where in it the digits go.

    Attributes:
        header: the first four bytes of the command.
        data: what its data field holds without digits.
        position: where in the data field the first digit goes.
        block: bytes that the digits are filled up to with 'FF', at least; 0: none is added to them.
        lengths: how many digits there may be.
    """

    header: bytes
    data: bytes = field(repr=False)
    position: int
    block: int
    lengths: range

    @classmethod
    def parse(cls, wire: bytes) -> VerifyRequest | None:
        """The request that *wire*, a PIN_VERIFY_STRUCTURE, is; None where it is none, or one that no digits fit.

        This keypad types ASCII, from the left, into VERIFY, and writes no length but Lc.
        """
        try:
            value = _VERIFY.parse(wire)
        except ConstructError:
            return None
        template = bytes(value.template)
        unit, position = value.format & 0x80, value.format >> 3 & 0x0F
        plain = value.format & 0x07 == 0x02 and value.block >> 4 == 0 and (unit or not position)
        if value.length != len(template) or not plain or len(template) < 4 or template[1] != _VERIFY_INS:
            return None
        lengths = range(value.lengths >> 8, (value.lengths & 0xFF) + 1)
        return cls(template[:4], template[5:], position, value.block & 0x0F, lengths)

    def command(self, entry: Pin) -> bytes | None:
        """The command with the digits of *entry*; None where they are too few or too many."""
        if len(entry) not in self.lengths or len(entry) > (self.block or _DIGITS_MAX):
            return None
        data = bytearray(self.data.ljust(self.position + (self.block or len(entry)), b"\xff"))
        data[self.position : self.position + len(entry)] = entry.reveal()
        return self.header + bytes((len(data),)) + data


def typed(keypad: Keypad, wire: bytes, transmit: Callable[[bytes], bytes | None]) -> bytes | None:
    """The answer to a PIN_VERIFY_STRUCTURE: the card's, which *transmit* asks, or the reader's if there is no PIN."""
    request = VerifyRequest.parse(wire)
    if request is None:
        return _WRONG_PARAMETER
    entry = keypad.next_entry()
    if isinstance(entry, Gesture):
        return entry.value
    command = request.command(entry)
    return _WRONG_LENGTH if command is None else transmit(command)
