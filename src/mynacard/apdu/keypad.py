"""PINs that the holder types at the reader: requests to the reader, and its answers. The program never has the PIN.

Source: PC/SC Workgroup, part 10 (features, structures, status words) and its supplement 2.02.08 (properties);
pcsc-lite 1.9.9, src/PCSC/reader.h. How CCID readers use the structures: USB CCID 1.1, §6.1.11 (PC_to_RDR_Secure).
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import IntEnum
from typing import Any, Final, Protocol, runtime_checkable

from construct import (
    Byte,
    Bytes,
    Const,
    ConstructError,
    GreedyBytes,
    GreedyRange,
    Int16un,
    Int32ub,
    Int32un,
    Prefixed,
    Struct,
    Terminated,
)

from mynacard._dataclasses import dataclass
from mynacard.apdu.wire import Wire
from mynacard.errors import NoKeypadError, ProtocolError
from mynacard.texts import N_

__all__ = [
    "CANCELLED",
    "GET_FEATURE_REQUEST",
    "MODIFY",
    "TIMED_OUT",
    "TIMEOUT_MAX_S",
    "TYPED_TWO_WAYS",
    "VERIFY",
    "WRONG_LENGTH",
    "WRONG_PARAMETER",
    "Feature",
    "KeypadCard",
    "Property",
    "TypedCommand",
    "feature_list",
    "parse_features",
    "parse_properties",
    "property_list",
    "with_keys",
]

GET_FEATURE_REQUEST: Final = 3400
"""CM_IOCTL_GET_FEATURE_REQUEST, the function within SCARD_CTL_CODE."""

TIMED_OUT: Final = 0x6400
CANCELLED: Final = 0x6401
TYPED_TWO_WAYS: Final = 0x6402
WRONG_LENGTH: Final = 0x6403
WRONG_PARAMETER: Final = 0x6B80
"""The reader's own answers, in the card's place, where there was no PIN; the card has received nothing then."""


class Feature(IntEnum):
    """The abilities of readers that are used here, besides passing APDUs on."""

    VERIFY_PIN_DIRECT = 0x06
    MODIFY_PIN_DIRECT = 0x07
    IFD_PIN_PROPERTIES = 0x0A
    GET_TLV_PROPERTIES = 0x12


class Property(IntEnum):
    """The properties that a reader reports; numbers, lowest byte first, except for the firmware's name."""

    FIRMWARE = 0x08
    MAX_APDU_DATA = 0x0A
    VENDOR = 0x0B
    PRODUCT = 0x0C


_FEATURES: Final[Wire] = Struct(
    "rows" / GreedyRange(Struct("tag" / Byte, Const(b"\x04"), "code" / Int32ub)), Terminated
)
_PROPERTIES: Final[Wire] = Struct(
    "rows" / GreedyRange(Struct("tag" / Byte, "value" / Prefixed(Byte, GreedyBytes))), Terminated
)

VERIFY: Final[Wire] = Struct(  # PIN_VERIFY_STRUCTURE
    "timeout_s" / Byte, "timeout_after_first_s" / Byte,
    "format" / Byte, "block" / Byte, "length_format" / Byte,
    "lengths" / Int16un,  # XXYY: the fewest digits, and the most
    "validation" / Byte, "messages" / Byte, "language" / Int16un, "message" / Byte, "prologue" / Const(bytes(3)),
    "length" / Int32un, "template" / GreedyBytes, Terminated,
)  # fmt: skip
MODIFY: Final[Wire] = Struct(  # PIN_MODIFY_STRUCTURE
    "timeout_s" / Byte, "timeout_after_first_s" / Byte,
    "format" / Byte, "block" / Byte, "length_format" / Byte,
    "old_offset" / Byte, "new_offset" / Byte,
    "lengths" / Int16un,
    "confirm" / Byte, "validation" / Byte, "messages" / Byte, "language" / Int16un, "message_indices" / Bytes(3),
    "prologue" / Const(bytes(3)), "length" / Int32un, "template" / GreedyBytes, Terminated,
)  # fmt: skip

TIMEOUT_MAX_S: Final = 0xFF
"""bTimeOut and bTimeOut2 are a byte each; 0 would leave it to the reader."""
ASCII_FROM_THE_LEFT: Final = 0x82
"""bmFormatString: the unit is a byte, digits are ASCII, the first goes to the front of the data field."""
KEY_PRESSED: Final = 0x02
"""bEntryValidationCondition: an entry ends with a key."""
CONFIRM_NEW: Final = 0x01
"""bConfirmPIN: the new PIN is typed twice. The old one is not asked for: it was verified before."""
_DEFAULT_MESSAGES: Final = 0xFF
_JAPANESE: Final = 0x0411


def feature_list(codes: Mapping[Feature, int]) -> bytes:
    """The answer to GET_FEATURE_REQUEST of a reader with these features, given with their control codes."""
    return bytes(_FEATURES.build({"rows": [{"tag": tag, "code": code} for tag, code in codes.items()]}))


def parse_features(answer: bytes) -> Mapping[int, int]:
    """The control codes of a reader's features, by tag. A feature with the code 0 is left out: it has no control code.

    Raises:
        ProtocolError: *answer* is not a list of features.
    """
    return {row.tag: int(row.code) for row in _rows(_FEATURES, answer) if row.code}


def property_list(values: Mapping[Property, bytes]) -> bytes:
    """The answer to GET_TLV_PROPERTIES of a reader with these properties."""
    return bytes(_PROPERTIES.build({"rows": [{"tag": tag, "value": value} for tag, value in values.items()]}))


def parse_properties(answer: bytes) -> Mapping[int, bytes]:
    """The properties that a reader reports, by tag.

    Raises:
        ProtocolError: *answer* is not a list of properties.
    """
    return {row.tag: bytes(row.value) for row in _rows(_PROPERTIES, answer)}


def _rows(wire: Wire, answer: bytes) -> list[Any]:
    try:
        return list(wire.parse(answer).rows)
    except ConstructError:
        raise ProtocolError(N_("The reader's list of features or properties is damaged.")) from None


@dataclass(frozen=True, slots=True)
class TypedCommand:
    """A command whose data field is a PIN that the holder types at the reader.

    Attributes:
        header: CLA, INS, P1, P2 of VERIFY, or of CHANGE REFERENCE DATA with only the new PIN.
        fewest, most: how many digits the reader accepts.
        new: whether it is a new PIN, which is typed twice.
        timeout_s: how long the reader waits for the first key, and from then on for the last, in seconds, 1..255.
        untested: whether a reader will do whose keypad is not known to have been tried.
    """

    header: bytes
    fewest: int
    most: int
    new: bool = False
    timeout_s: int = 30
    untested: bool = False

    @property
    def feature(self) -> Feature:
        """The feature that the reader must have."""
        return Feature.MODIFY_PIN_DIRECT if self.new else Feature.VERIFY_PIN_DIRECT

    @property
    def longest_s(self) -> int:
        """The longest the holder may take, in seconds: twice ``timeout_s`` for each time that the PIN is typed."""
        return (2 if self.new else 1) * 2 * self.timeout_s

    def structure(self) -> bytes:
        """The structure that the reader is sent; it holds nothing secret."""
        template = self.header + b"\x00"
        values = {
            "timeout_s": self.timeout_s, "timeout_after_first_s": self.timeout_s,
            "format": ASCII_FROM_THE_LEFT, "block": 0, "length_format": 0,
            "lengths": self.fewest << 8 | self.most,
            "old_offset": 0, "new_offset": 0, "confirm": CONFIRM_NEW,
            "validation": KEY_PRESSED, "messages": _DEFAULT_MESSAGES, "language": _JAPANESE,
            "message": 0, "message_indices": bytes((0, 1, 2)), "length": len(template), "template": template,
        }  # fmt: skip
        return bytes((MODIFY if self.new else VERIFY).build(values))


@runtime_checkable
class KeypadCard(Protocol):
    """A card on a reader that may have a keypad. A wrapper around a card that does not know of keypads hides it."""

    def transmit(self, command: bytes, /) -> bytes: ...
    def transmit_typed(self, command: TypedCommand, /) -> bytes:
        """The card's answer to *command* once the holder has typed, or the reader's own if there was no PIN.

        Raises:
            NoKeypadError: the reader has no keypad, or an untested one. The holder was not asked.
        """
        ...


def with_keys(card: object) -> KeypadCard:
    """*card*, if PINs can be typed at its reader.

    Raises:
        NoKeypadError: it is in memory or recorded, or something around it hides the keypad.
    """
    if not isinstance(card, KeypadCard):
        raise NoKeypadError(N_("No PIN can be typed where this card is: there is no keypad."))
    return card
