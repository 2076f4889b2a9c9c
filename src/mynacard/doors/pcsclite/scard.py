"""PC/SC's numbers, as pcsc-lite has them: return codes, modes, dispositions, protocols, states, attributes.

Source: pcsc-lite 1.9.9, src/PCSC/pcsclite.h.in and src/PCSC/reader.h; 2.5 for the number of readers.
"""

from __future__ import annotations

from enum import IntEnum, IntFlag
from typing import Final

__all__ = [
    "FIXED_ROWS",
    "MAX_ATR",
    "MAX_ATTRIBUTE",
    "MAX_MESSAGE",
    "MAX_READERS",
    "MAX_READER_NAME",
    "Attribute",
    "Code",
    "Disposition",
    "Protocol",
    "ShareMode",
    "State",
]

MAX_READERS: Final = 256
"""pcsc-lite 2.5 has no other limit than the two hexadecimal digits that number the readers in their names."""
FIXED_ROWS: Final = 16
"""Rows of the readers' table, used or not, for clients of protocol 4:5 and older."""
MAX_READER_NAME: Final = 127
"""Bytes of a reader's name, without the zero at its end."""
MAX_ATR: Final = 33
MAX_MESSAGE: Final = 4 + 3 + 65536 + 3 + 2
"""The longest APDU, either way."""
MAX_ATTRIBUTE: Final = 264


class Code(IntEnum):
    """Return codes: the names of pcsclite.h, without SCARD."""

    S_SUCCESS = 0x00000000
    F_INTERNAL_ERROR = 0x80100001
    E_CANCELLED = 0x80100002
    E_INVALID_HANDLE = 0x80100003
    E_NO_MEMORY = 0x80100006
    E_INSUFFICIENT_BUFFER = 0x80100008
    E_UNKNOWN_READER = 0x80100009
    E_TIMEOUT = 0x8010000A
    E_SHARING_VIOLATION = 0x8010000B
    E_NO_SMARTCARD = 0x8010000C
    E_PROTO_MISMATCH = 0x8010000F
    E_INVALID_VALUE = 0x80100011
    F_COMM_ERROR = 0x80100013
    E_NOT_TRANSACTED = 0x80100016
    E_READER_UNAVAILABLE = 0x80100017
    E_NO_SERVICE = 0x8010001D
    E_SERVICE_STOPPED = 0x8010001E
    E_UNSUPPORTED_FEATURE = 0x8010001F
    E_NO_READERS_AVAILABLE = 0x8010002E
    W_UNRESPONSIVE_CARD = 0x80100066
    W_UNPOWERED_CARD = 0x80100067
    W_RESET_CARD = 0x80100068
    W_REMOVED_CARD = 0x80100069


class ShareMode(IntEnum):
    EXCLUSIVE = 1
    SHARED = 2
    DIRECT = 3


class Disposition(IntEnum):
    """The treatment of the card at the end of a connection or transaction."""

    LEAVE = 0
    RESET = 1
    UNPOWER = 2
    EJECT = 3


class Protocol(IntFlag):
    """The transmission protocols."""

    UNDEFINED = 0
    T0 = 0x0001
    T1 = 0x0002
    RAW = 0x0004
    ANY_OLD = 0x1000
    """Either T0 or T1, as old clients put it."""


class State(IntFlag):
    """The state of a reader and its card."""

    UNUSED = 0
    UNKNOWN = 0x0001
    ABSENT = 0x0002
    PRESENT = 0x0004
    SWALLOWED = 0x0008
    """In pcsc-lite: a card that does not answer."""
    POWERED = 0x0010
    NEGOTIABLE = 0x0020


class Attribute(IntEnum):
    """The attributes that a reader can be asked for."""

    VENDOR_NAME = 0x00010100
    VENDOR_IFD_TYPE = 0x00010101
    VENDOR_IFD_VERSION = 0x00010102
    CURRENT_PROTOCOL_TYPE = 0x00080201
    ICC_PRESENCE = 0x00090300
    ICC_INTERFACE_STATUS = 0x00090301
    ATR_STRING = 0x00090303
    MAXINPUT = 0x0007A007
    DEVICE_FRIENDLY_NAME = 0x7FFF0003
    DEVICE_SYSTEM_NAME = 0x7FFF0004
