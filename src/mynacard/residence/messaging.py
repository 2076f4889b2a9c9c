"""Secure messaging of residence cards: VERIFY and READ BINARY, unreadable on the way.

It hides, and proves nothing: there is no checksum, no counter, and every message begins from a zero IV. An attacker who
can change bytes on the way can change what is read; the signature reveals it. A failed command does not end the
session.

Source: the specification (layout.py names it) §4.1.1, §4.2.2, §4.2.5. How commands and responses look is in
:mod:`mynacard.apdu.secure`.
"""

from __future__ import annotations

from dataclasses import field

from mynacard._dataclasses import dataclass
from mynacard.apdu.channel import Channel
from mynacard.apdu.message import CommandApdu, ResponseApdu
from mynacard.apdu.secure import is_protected, open_response, padded, protect_command, unpadded
from mynacard.apdu.status import SUCCESS
from mynacard.errors import ProtocolError
from mynacard.residence.ciphers import Suite
from mynacard.texts import N_

__all__ = ["SecureCard", "SessionKey", "room"]


@dataclass(frozen=True, slots=True)
class SessionKey:
    """The key of a session. A :class:`~mynacard.apdu.secure.Sealing`."""

    suite: Suite
    key: bytes = field(repr=False)

    @property
    def le_width(self) -> int:
        """Two bytes: zero is the whole file."""
        return 2

    def encrypted(self, data: bytes) -> bytes:
        """*data*, padded and encrypted."""
        return self.suite.encrypted(self.key, padded(data, self.suite.block))

    def decrypted(self, cryptogram: bytes) -> bytes:
        """The data in *cryptogram*.

        Raises:
            ProtocolError: it does not belong to this session.
        """
        if not cryptogram or len(cryptogram) % self.suite.block:
            raise ProtocolError(N_("A cryptogram is not made of whole blocks."))
        return unpadded(self.suite.decrypted(self.key, cryptogram), self.suite.block)


def room(ne: int, block: int) -> int:
    """How many bytes of a file fit into an answer of *ne* bytes, with a data object's header and padding."""
    header = 1 + (1 if ne <= 0x81 else 2 if ne <= 0x102 else 3)  # tag, and length of one to three bytes
    return (ne - header - 1) // block * block - 1


class SecureCard:
    """A card around a card: VERIFY and READ BINARY go encrypted to the inner one. Both sides have the key already."""

    def __init__(self, card: Channel, key: SessionKey) -> None:
        self._card = card
        self._key = key

    def transmit(self, command: bytes, /) -> bytes:
        """The answer to *command*, both in the clear on this side; the card sends a refusal in the clear.

        Raises:
            TlvError: the answer is not a data object, or was cut off.
            ProtocolError: it does not belong to this session, or is longer than requested.
        """
        apdu = CommandApdu.parse(command)
        if not is_protected(apdu):
            return self._card.transmit(command)
        extended = self._card.profile.extended_length is not False
        response = ResponseApdu.parse(self._card.transmit(bytes(protect_command(apdu, self._key, extended=extended))))
        if response.status != SUCCESS:
            return bytes(response)
        opened = open_response(response, self._key)
        if len(opened.data) > apdu.ne:
            raise ProtocolError(
                N_("The card sent {nr} bytes where {ne} were requested."), nr=len(opened.data), ne=apdu.ne
            )
        return bytes(opened)
