"""Secure messaging that encrypts and authenticates nothing: one encrypted data object, no checksum.

VERIFY, SELECT EF and READ BINARY are sent this way, to two kinds of cards with different ciphers, keys and IVs; callers
pass in the one to use (:class:`Sealing`). Both ends are here, as functions of values: the driver protects commands and
the card opens them; the card protects responses and the driver opens those.

Source: ISO/IEC 7816-4:2005 §6.2 (data objects '86' and '96', padding), §5.1.1 (class '08').
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final, Protocol

from mynacard.apdu import tlv
from mynacard.apdu.message import NE_MAX, CommandApdu, ResponseApdu
from mynacard.errors import ProtocolError
from mynacard.texts import N_

__all__ = [
    "CLA",
    "Sealing",
    "is_protected",
    "open_command",
    "open_response",
    "padded",
    "protect_command",
    "protect_response",
    "unpadded",
]

CLA: Final = 0x08
"""The class of a command under secure messaging whose header is not authenticated."""

_CRYPTOGRAM: Final = 0x86
_EXPECTED: Final = 0x96
_PADDED: Final = b"\x01"
"""The padding indicator that ISO/IEC 7816-4:2005 §6.2.2 gives to '80', '00', '00' …"""
_READ_BINARY: Final = 0xB0
_BY_FILE_ID: Final = 0x02
_SHORT_NE: Final = 256


class Sealing(Protocol):
    """Encrypts the data of one command and its response, and decrypts them at the other end."""

    @property
    def le_width(self) -> int:
        """How many bytes '96' has to say how much of a file is wanted."""
        ...

    def encrypted(self, data: bytes) -> bytes:
        """*data*, padded and encrypted."""
        ...

    def decrypted(self, cryptogram: bytes) -> bytes:
        """The data in *cryptogram*.

        Raises:
            ProtocolError: it cannot be decrypted.
        """
        ...


# --- padding (ISO/IEC 7816-4:2005 §6.2.3.1) ---


def padded(data: bytes, block: int) -> bytes:
    """*data*, '80', and as many '00' as complete the last block of *block* bytes."""
    return data + b"\x80" + bytes(-(len(data) + 1) % block)


def unpadded(data: bytes, block: int) -> bytes:
    """*data* without its padding.

    Raises:
        ProtocolError: it does not end in padding; most likely another key encrypted it.
    """
    stripped = data.rstrip(b"\x00")
    if not stripped.endswith(b"\x80") or len(data) - len(stripped) >= block:
        raise ProtocolError(N_("A cryptogram is encrypted with another key, or out of turn."))
    return stripped[:-1]


# --- commands and responses, at both ends ---


def is_protected(command: CommandApdu) -> bool:
    """Whether *command* is one that is sent encrypted: VERIFY with a PIN, SELECT EF, READ BINARY."""
    match command:
        case CommandApdu(cla=0, ins=0x20, data=pin):
            return bool(pin)
        case CommandApdu(cla=0, ins=0xA4, p1=p1):
            return p1 == _BY_FILE_ID
        case _:
            return (command.cla, command.ins) == (0, _READ_BINARY)


def protect_command(command: CommandApdu, sealing: Sealing, *, extended: bool = True) -> CommandApdu:
    """*command* as it is sent to the card; P1-P2 stay readable.

    Args:
        command: in the clear.
        sealing: encrypts the data.
        extended: whether the answer to READ BINARY may have more than 256 bytes, encryption included.
    """
    if command.ins == _READ_BINARY:
        ne = (command.ne % NE_MAX).to_bytes(sealing.le_width, "big")  # zero: the whole file
        data = bytes(tlv.Tlv(_EXPECTED, ne))
        return replace(command, cla=CLA, data=data, ne=NE_MAX if extended else _SHORT_NE)
    return replace(command, cla=CLA, data=_cryptogram(command.data, sealing))


def open_command(command: CommandApdu, sealing: Sealing) -> CommandApdu:
    """The command that the driver protected, in the clear.

    Raises:
        ProtocolError: the data object is missing, wrong or not the only one, or has another key ('6988').
    """
    if command.ins != _READ_BINARY:
        return replace(command, cla=0, data=_opened(command.data, sealing))
    expected = _the_object(command.data, _EXPECTED)
    ne = int.from_bytes(expected, "big")
    if len(expected) != sealing.le_width or ne >= NE_MAX:
        raise ProtocolError(N_("The expected length has another form."))
    return replace(command, cla=0, data=b"", ne=ne or NE_MAX)


def protect_response(response: ResponseApdu, sealing: Sealing) -> ResponseApdu:
    """*response* as it leaves the card; a bare status word stays as it is."""
    return replace(response, data=_cryptogram(response.data, sealing)) if response.data else response


def open_response(response: ResponseApdu, sealing: Sealing) -> ResponseApdu:
    """The response that the card protected, in the clear.

    Raises:
        ProtocolError: its data is not a single cryptogram of this session.
    """
    return replace(response, data=_opened(response.data, sealing)) if response.data else response


def _cryptogram(data: bytes, sealing: Sealing) -> bytes:
    return bytes(tlv.Tlv(_CRYPTOGRAM, _PADDED + sealing.encrypted(data)))


def _opened(data: bytes, sealing: Sealing) -> bytes:
    value = _the_object(data, _CRYPTOGRAM)
    if value[:1] != _PADDED:
        raise ProtocolError(N_("A cryptogram is padded in another way."))
    return sealing.decrypted(value[1:])


def _the_object(data: bytes, tag: int) -> bytes:
    data_object = tlv.parse(data)
    if data_object.tag != tag:
        raise ProtocolError(N_("A data object '{tag:X}' stands where another belongs."), tag=data_object.tag)
    return data_object.value
