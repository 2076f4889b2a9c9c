"""The attributes of a reader and its card that a client can ask for.

Source: PC/SC Workgroup, part 3, §3.1.1 (attributes); pcsc-lite 1.9.9, src/winscard.c for the names it adds itself.
"""

from __future__ import annotations

import struct

from mynacard.doors.pcsclite.contacts import Refused
from mynacard.doors.pcsclite.reader import Reader
from mynacard.doors.pcsclite.scard import MAX_MESSAGE, Attribute, Code

__all__ = ["VENDOR", "value_of"]

VENDOR = "mynacard"
_MODEL = "simulated reader"


def value_of(reader: Reader, attribute: int) -> bytes:
    """The value of *attribute*, as *reader* has it.

    Raises:
        Refused: it has none.
    """
    contacts = reader.contacts
    match attribute:
        case Attribute.ATR_STRING if contacts.card is not None:
            return contacts.atr
        case Attribute.DEVICE_FRIENDLY_NAME | Attribute.DEVICE_SYSTEM_NAME:
            return reader.name.encode() + b"\0"
        case Attribute.VENDOR_NAME:
            return VENDOR.encode() + b"\0"
        case Attribute.VENDOR_IFD_TYPE:
            return _MODEL.encode() + b"\0"
        case Attribute.VENDOR_IFD_VERSION:
            return struct.pack("=I", 0x01000000)
        case Attribute.MAXINPUT:
            return struct.pack("=I", MAX_MESSAGE)
        case Attribute.CURRENT_PROTOCOL_TYPE:
            return struct.pack("=I", contacts.protocol)
        case Attribute.ICC_PRESENCE:
            return b"\0" if contacts.card is None else b"\2"
        case Attribute.ICC_INTERFACE_STATUS:
            return b"\1" if contacts.powered else b"\0"
        case _:
            raise Refused(Code.E_UNSUPPORTED_FEATURE)
