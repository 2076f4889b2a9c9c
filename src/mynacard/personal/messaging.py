"""Secure messaging of the text input support application: what is read and presented there, unreadable on the way.

A session key goes to the card, encrypted to a key that the card shows; from then on VERIFY, SELECT EF and READ BINARY
carry one encrypted data object. It hides, and proves nothing: there is no checksum. The PIN that comes before it has
been sent in the clear.

Both ends are here, as functions of values: the driver protects commands and the card opens them, the card protects
responses and the driver opens those.

Source: soltia48/myna-card, which measured it on cards; ISO/IEC 7816-4:2005 §6.2 (data objects '86', '96', padding),
§5.1.3; RFC 8017 §7.1 (RSAES-OAEP); NIST SP 800-38A §6.2 (CBC). vectors/personal/messaging.json.
"""

from __future__ import annotations

import hmac
from dataclasses import dataclass, field, replace
from typing import Final

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

from mynacard import errors
from mynacard.apdu import tlv
from mynacard.apdu.channel import Channel
from mynacard.apdu.message import NE_MAX, CommandApdu, ResponseApdu
from mynacard.apdu.status import SUCCESS
from mynacard.errors import ProtocolError, mark

__all__ = [
    "CLA",
    "SEED_LENGTH",
    "SecureCard",
    "Turn",
    "decrypt_seed",
    "encrypt_seed",
    "is_protected",
    "open_command",
    "open_response",
    "protect_command",
    "protect_response",
]

CLA: Final = 0x08
"""The class of a command under secure messaging whose header is not authenticated."""
SEED_LENGTH: Final = 32
"""Bytes of the seed; the first 16 are the key of AES-128."""

_BLOCK: Final = 16
_CRYPTOGRAM: Final = 0x86
_EXPECTED: Final = 0x96
_PADDED: Final = b"\x01"
"""The padding indicator that ISO/IEC 7816-4:2005 §6.2.2 gives to '80', '00', '00' …"""
_SEED_HEAD: Final = bytes.fromhex("A0228020")
"""Data objects around the seed: an encryption key, and no key for checksums, which this application refuses."""
_OAEP: Final = padding.OAEP(padding.MGF1(hashes.SHA256()), hashes.SHA256(), None)

_READ_BINARY: Final = 0xB0
_BY_FILE_ID: Final = 0x02
_OVER: Final = frozenset({0x6882, 0x6987, 0x6988, 0x69FC})
"""Status words with which the card ends the session, or says that there is none."""


@dataclass(frozen=True, slots=True)
class Turn:
    """One command of a session and its response: the key, and their number, which gives both the same IV.

    Attributes:
        key: the session's, of AES-128.
        number: 1 for the first command, and one more for each, whatever the application says to it.
    """

    key: bytes = field(repr=False)
    number: int = 1

    @classmethod
    def first(cls, seed: bytes) -> Turn:
        """The first turn of the session that *seed* begins."""
        return cls(seed[:_BLOCK])

    @property
    def next(self) -> Turn:
        """The one after this."""
        return replace(self, number=self.number + 1)

    def encrypted(self, data: bytes) -> bytes:
        """*data*, padded and encrypted."""
        padded = data + b"\x80" + bytes(-(len(data) + 1) % _BLOCK)
        encryptor = Cipher(algorithms.AES128(self.key), modes.CBC(self._iv())).encryptor()
        return encryptor.update(padded) + encryptor.finalize()

    def decrypted(self, cryptogram: bytes) -> bytes:
        """The data that *cryptogram* is.

        Raises:
            ProtocolError: it is none of this turn.
        """
        if not cryptogram or len(cryptogram) % _BLOCK:
            raise ProtocolError(mark("A cryptogram is not made of whole blocks."))
        decryptor = Cipher(algorithms.AES128(self.key), modes.CBC(self._iv())).decryptor()
        data = (decryptor.update(cryptogram) + decryptor.finalize()).rstrip(b"\x00")
        if not data.endswith(b"\x80") or len(cryptogram) - len(data) >= _BLOCK:
            raise ProtocolError(mark("A cryptogram is encrypted with another key, or out of turn."))
        return data[:-1]

    def _iv(self) -> bytes:
        encryptor = Cipher(algorithms.AES128(self.key), modes.ECB()).encryptor()  # of one block
        return encryptor.update(self.number.to_bytes(_BLOCK, "big")) + encryptor.finalize()


# --- the session key ---


def encrypt_seed(key: rsa.RSAPublicKey, seed: bytes) -> bytes:
    """The cryptogram of SET SESSION KEY for *seed*, whose 32 bytes must be unpredictable, and new each time.

    Its padding is random too; the library that makes it draws that itself.
    """
    if len(seed) != SEED_LENGTH:
        raise errors.UsageError(mark("The seed of a session key has {length} bytes."), length=SEED_LENGTH)
    return key.encrypt(_SEED_HEAD + seed, _OAEP)


def decrypt_seed(key: rsa.RSAPrivateKey, cryptogram: bytes) -> bytes:
    """The seed in *cryptogram*, as the card finds it.

    Raises:
        ProtocolError: it holds none.
    """
    try:
        content = key.decrypt(cryptogram, _OAEP)
    except ValueError:
        content = b""
    head, seed = content[: len(_SEED_HEAD)], content[len(_SEED_HEAD) :]
    if not hmac.compare_digest(head, _SEED_HEAD) or len(seed) != SEED_LENGTH:
        raise ProtocolError(mark("There is no seed in this cryptogram."))
    return seed


# --- commands and responses, at both ends ---


def is_protected(command: CommandApdu) -> bool:
    """Whether *command* is one that goes encrypted: VERIFY with a PIN, SELECT EF, READ BINARY."""
    match command:
        case CommandApdu(cla=0, ins=0x20, data=pin):
            return bool(pin)
        case CommandApdu(cla=0, ins=0xA4, p1=p1):
            return p1 == _BY_FILE_ID
        case _:
            return (command.cla, command.ins) == (0, _READ_BINARY)


def protect_command(command: CommandApdu, turn: Turn) -> CommandApdu:
    """*command* as it goes to the card; P1-P2 stay readable."""
    if command.ins == _READ_BINARY:
        ne = (command.ne % NE_MAX).to_bytes(3, "big")  # '00 00 00': the whole file
        return replace(command, cla=CLA, data=bytes(tlv.Tlv(_EXPECTED, ne)), ne=NE_MAX)
    return replace(command, cla=CLA, data=_cryptogram(command.data, turn))


def open_command(command: CommandApdu, turn: Turn) -> CommandApdu:
    """The command that the driver protected, as the card finds it.

    Raises:
        ProtocolError: no data object or another one than belongs there, a second one, another turn: '6988'.
    """
    if command.ins != _READ_BINARY:
        return replace(command, cla=0, data=_opened(command.data, turn))
    expected = _the_object(command.data, _EXPECTED)
    if len(expected) != 3 or expected[0]:
        raise ProtocolError(mark("The expected length has another form."))
    return replace(command, cla=0, data=b"", ne=int.from_bytes(expected, "big") or NE_MAX)


def protect_response(response: ResponseApdu, turn: Turn) -> ResponseApdu:
    """*response* as it leaves the card: a bare status word stays one."""
    return replace(response, data=_cryptogram(response.data, turn)) if response.data else response


def open_response(response: ResponseApdu, turn: Turn) -> ResponseApdu:
    """The response that the card protected.

    Raises:
        ProtocolError: its data is not one cryptogram of this turn.
    """
    return replace(response, data=_opened(response.data, turn)) if response.data else response


def _cryptogram(data: bytes, turn: Turn) -> bytes:
    return bytes(tlv.Tlv(_CRYPTOGRAM, _PADDED + turn.encrypted(data)))


def _opened(data: bytes, turn: Turn) -> bytes:
    value = _the_object(data, _CRYPTOGRAM)
    if value[:1] != _PADDED:
        raise ProtocolError(mark("A cryptogram is padded in another way."))
    return turn.decrypted(value[1:])


def _the_object(data: bytes, tag: int) -> bytes:
    found = tlv.parse(data)
    if found.tag != tag:
        raise ProtocolError(mark("A data object '{tag:X}' stands where another belongs."), tag=found.tag)
    return found.value


# --- a card around a card ---


class SecureCard:
    """A card whose VERIFY, SELECT EF and READ BINARY go encrypted to the one inside. It has the session key already.

    The session ends with SELECT of an application, with a fault, and when the card says so. Then nothing more is sent
    that would have gone encrypted: it does not fall back to sending in the clear.
    """

    def __init__(self, card: Channel, seed: bytes) -> None:
        self._card = card
        self._selections = card.selections
        self._turn: Turn | None = Turn.first(seed)

    @property
    def alive(self) -> bool:
        """Whether the session goes on, as far as is known."""
        return self._turn is not None and self._card.selections == self._selections

    def transmit(self, command: bytes, /) -> bytes:
        """The answer to *command*, both in the clear on this side.

        Raises:
            SessionEndedError: the session is over, and *command* was not sent.
            ProtocolError: the answer is not one of this session, which is over now.
        """
        apdu = CommandApdu.parse(command)
        if not is_protected(apdu):
            return self._card.transmit(command)
        turn = self._turn
        if turn is None or not self.alive:
            raise errors.SessionEndedError(
                mark("This {application} session has ended: something else was selected since."),
                application=mark("secure messaging"),
            )
        self._turn = None  # an answer may never come: whether the card counted this command is then unknown
        response = ResponseApdu.parse(self._card.transmit(bytes(protect_command(apdu, turn))))
        if response.status in _OVER:
            return bytes(response)
        opened = open_response(response, turn)
        if response.status == SUCCESS and len(opened.data) > apdu.ne:
            raise ProtocolError(
                mark("The card sent {nr} bytes where {ne} were asked for."), nr=len(opened.data), ne=apdu.ne
            )
        self._turn = turn.next
        return bytes(opened)
