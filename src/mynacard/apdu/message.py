"""Command and response APDUs as values and as bytes, in both directions.

Counts of bytes (Nc, Ne, Nr) live in the values; their encodings (Lc, Le) live only here.

BODIES and RESPONSE define the wire. Interpreting them takes longer than a card in memory, so their results are
remembered where they are pure and cannot hold a secret: the length fields by their counts, status words, and the short
commands that present nothing.

Source: ISO/IEC 7816-3:2006 §12.1; ISO/IEC 7816-4:2005 §5.1; vectors/apdu/bodies.json.
"""

from __future__ import annotations

from enum import Enum, auto
from functools import lru_cache
from typing import Any, Final, Protocol, cast

from construct import (
    Byte,
    Bytes,
    Computed,
    Const,
    ConstructError,
    ExprAdapter,
    ExprValidator,
    GreedyBytes,
    Int16ub,
    Prefixed,
    Struct,
    Terminated,
    this,
)

from mynacard._dataclasses import dataclass
from mynacard.apdu.secrecy import HEADER, MASK, SECRET_INSTRUCTIONS, carries_secret
from mynacard.apdu.status import SUCCESS, StatusWord
from mynacard.apdu.wire import Wire
from mynacard.arguments import BYTES, check_type
from mynacard.errors import ProtocolError
from mynacard.texts import N_

__all__ = [
    "BODIES",
    "NC_MAX",
    "NE_MAX",
    "REMEMBERED",
    "REMEMBERED_NC_MAX",
    "RESPONSE",
    "Card",
    "Case",
    "CommandApdu",
    "ResponseApdu",
    "case_of",
    "case_on_wire",
]

NC_MAX: Final = 0xFFFF
NE_MAX: Final = 0x10000
REMEMBERED: Final = 512
"""How many results of each pure function are remembered."""
REMEMBERED_NC_MAX: Final = 16
"""The longest data field of a command that is remembered: a DF name. What is signed or proved is longer."""


class Card(Protocol):
    """Anything that answers command APDUs: a reader, the simulator, a recording."""

    def transmit(self, command: bytes, /) -> bytes:
        """The response APDU to *command*; one exchange.

        Raises:
            ReaderError: the card cannot be reached.
        """
        ...


class Case(Enum):
    """The seven bodies that a command APDU can have (ISO/IEC 7816-3:2006 §12.1.3)."""

    ONE = auto()
    TWO_SHORT = auto()
    THREE_SHORT = auto()
    FOUR_SHORT = auto()
    TWO_EXTENDED = auto()
    THREE_EXTENDED = auto()
    FOUR_EXTENDED = auto()

    @property
    def extended(self) -> bool:
        return self in _EXTENDED


_EXTENDED: Final = frozenset({Case.TWO_EXTENDED, Case.THREE_EXTENDED, Case.FOUR_EXTENDED})


def _expected(le: Wire) -> Wire:
    """Ne, from an Le field in which zero stands for the highest number."""
    highest = 1 << (8 * le.sizeof())

    def decoded(le: int, _: object) -> int:
        return le or highest

    def encoded(ne: int, _: object) -> int:
        return ne % highest

    return "ne" / ExprAdapter(le, decoded, encoded)


def _nonempty(lc: Wire) -> Wire:
    """A data field after its Lc field, which is never zero."""
    return "data" / ExprValidator(Prefixed(lc, GreedyBytes), lambda data, _: len(data) > 0)


_HEADER: Final[Wire] = "header" / Bytes(4)  # CLA INS P1 P2; four fields would take as long as all the rest
_NO_DATA: Final[Wire] = "data" / Computed(b"")
_NO_NE: Final[Wire] = "ne" / Computed(0)
_LONG: Final[Wire] = Const(b"\x00")

BODIES: Final[dict[Case, Wire]] = {  # ISO/IEC 7816-3:2006 §12.1.3
    Case.ONE:            Struct(_HEADER, _NO_DATA, _NO_NE, Terminated),
    Case.TWO_SHORT:      Struct(_HEADER, _NO_DATA, _expected(Byte), Terminated),
    Case.THREE_SHORT:    Struct(_HEADER, _nonempty(Byte), _NO_NE, Terminated),
    Case.FOUR_SHORT:     Struct(_HEADER, _nonempty(Byte), _expected(Byte), Terminated),
    Case.TWO_EXTENDED:   Struct(_HEADER, _LONG, _NO_DATA, _expected(Int16ub), Terminated),
    Case.THREE_EXTENDED: Struct(_HEADER, _LONG, _nonempty(Int16ub), _NO_NE, Terminated),
    Case.FOUR_EXTENDED:  Struct(_HEADER, _LONG, _nonempty(Int16ub), _expected(Int16ub), Terminated),
}  # fmt: skip

RESPONSE: Final[Wire] = Struct(
    "data" / Bytes(this._.nr), "status" / Int16ub
)  # Nr is the length less two, so no bytes trail


def case_of(nc: int, ne: int) -> Case:
    """The shortest body that can express *nc* and *ne*."""
    extended = nc > 0xFF or ne > 0x100
    if nc == 0:
        return Case.ONE if ne == 0 else (Case.TWO_EXTENDED if extended else Case.TWO_SHORT)
    if ne == 0:
        return Case.THREE_EXTENDED if extended else Case.THREE_SHORT
    return Case.FOUR_EXTENDED if extended else Case.FOUR_SHORT


def case_on_wire(command: bytes) -> Case:
    """The body that *command* must have, going by its length and first bytes. Parsing shows whether it has it."""
    length = len(command) - 4
    if length <= 1:
        return Case.ONE if length < 1 else Case.TWO_SHORT
    if lc := command[4]:
        return Case.THREE_SHORT if length == 1 + lc else Case.FOUR_SHORT
    if length == 3:
        return Case.TWO_EXTENDED
    lc = int.from_bytes(command[5:7], "big")
    return Case.THREE_EXTENDED if length == 3 + lc else Case.FOUR_EXTENDED


@dataclass(frozen=True, slots=True)
class CommandApdu:
    """A command APDU: header, data field of Nc bytes, and Ne, the most bytes that may come back.

    Prints header and counts, never the data field: it may hold personal data, or a PIN, whose length is not shown
        either.

    Raises:
        ProtocolError: at ``bytes()``, a field or count is out of the range that an APDU has for it.
    """

    cla: int
    ins: int
    p1: int
    p2: int
    data: bytes = b""
    ne: int = 0

    @property
    def carries_secret(self) -> bool:
        """Whether the data field presents, proves or changes a PIN or key."""
        return bool(self.data) and self.ins in SECRET_INSTRUCTIONS

    def __bytes__(self) -> bytes:
        if len(self.data) > NC_MAX or not 0 <= self.ne <= NE_MAX:
            raise ProtocolError(N_("A command APDU cannot have Nc = {nc}, Ne = {ne}."), nc=len(self.data), ne=self.ne)
        try:
            header = bytes((self.cla, self.ins, self.p1, self.p2))
        except ValueError:
            raise ProtocolError(N_("A byte of the command header is out of range.")) from None
        lc, le = _lengths(len(self.data), self.ne)
        return b"".join((header, lc, self.data, le))

    @classmethod
    def parse(cls, wire: bytes) -> CommandApdu:
        """The command in *wire*.

        Raises:
            ProtocolError: *wire* does not have any of the seven bodies.
        """
        check_type(wire, *BYTES, wanted="bytes")
        if len(wire) > _REMEMBERED_MAX or carries_secret(wire):
            return _parsed(wire)
        return _remembered(bytes(wire))

    def __repr__(self) -> str:
        header = f"{self.cla:02X} {self.ins:02X} {self.p1:02X} {self.p2:02X}"
        return f"CommandApdu({header}, nc={MASK if self.carries_secret else len(self.data)}, ne={self.ne})"


@lru_cache(REMEMBERED)
def _lengths(nc: int, ne: int) -> tuple[bytes, bytes]:
    """The bytes between the header and a data field of *nc* bytes, and those after it."""
    body = BODIES[case_of(nc, ne)]
    wire = bytes(body.build({"header": bytes(HEADER), "data": bytes(nc), "ne": ne}))
    end = len(wire) - int(cast(Any, body).ne.sizeof())
    return wire[HEADER : end - nc], wire[end:]


def _parsed(wire: bytes) -> CommandApdu:
    try:
        value = BODIES[case_on_wire(wire)].parse(wire)
    except ConstructError:
        raise ProtocolError(N_("These {length} bytes are not a command APDU."), length=len(wire)) from None
    cla, ins, p1, p2 = value.header
    return CommandApdu(cla, ins, p1, p2, value.data, value.ne)


_REMEMBERED_MAX: Final = HEADER + 1 + REMEMBERED_NC_MAX + 1
_remembered: Final = lru_cache(REMEMBERED)(_parsed)


@dataclass(frozen=True, slots=True)
class ResponseApdu:
    """A response APDU: data field of Nr bytes and status word. Prints count and status, never the data."""

    data: bytes = b""
    status: StatusWord = SUCCESS

    def __bytes__(self) -> bytes:
        return self.data + _status_bytes(self.status)

    @classmethod
    def parse(cls, wire: bytes) -> ResponseApdu:
        """The response in *wire*.

        Raises:
            ProtocolError: *wire* has fewer than two bytes.
        """
        check_type(wire, *BYTES, wanted="bytes")
        if len(wire) < 2:
            raise ProtocolError(N_("A response APDU of {length} bytes has no status word."), length=len(wire))
        return cls(bytes(wire[:-2]), _status(bytes(wire[-2:])))

    def __repr__(self) -> str:
        return f"ResponseApdu(nr={len(self.data)}, status={self.status})"


@lru_cache(REMEMBERED)
def _status_bytes(status: StatusWord) -> bytes:
    return bytes(RESPONSE.build({"data": b"", "status": status}, nr=0))


@lru_cache(REMEMBERED)
def _status(wire: bytes) -> StatusWord:
    return StatusWord(RESPONSE.parse(wire, nr=0).status)
