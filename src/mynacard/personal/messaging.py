"""Secure messaging of the text input support application: reads and PINs there, unreadable on the way.

A session key goes to the card, encrypted to a key that the card shows; from then on VERIFY, SELECT EF and READ BINARY
carry one encrypted data object. It hides, and proves nothing: there is no checksum. The PIN that comes before it is
sent in the clear.

How commands and responses look is in :mod:`mynacard.apdu.secure`.

Source: soltia48/myna-card, which measured it on cards; RFC 8017 §7.1 (RSAES-OAEP); NIST SP 800-38A §6.2 (CBC).
vectors/personal/messaging.json.
"""

from __future__ import annotations

import hmac
from dataclasses import field, replace
from typing import Final

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

from mynacard import errors
from mynacard._dataclasses import dataclass
from mynacard.apdu.channel import Channel
from mynacard.apdu.message import CommandApdu, ResponseApdu
from mynacard.apdu.secure import is_protected, open_response, padded, protect_command, unpadded
from mynacard.apdu.status import SUCCESS, StatusWord
from mynacard.errors import ProtocolError
from mynacard.texts import N_

__all__ = ["SEED_LENGTH", "SecureCard", "Turn", "decrypt_seed", "encrypt_seed"]

SEED_LENGTH: Final = 32
"""Bytes of the seed; the first 16 are the key of AES-128."""

_BLOCK: Final = 16
_SEED_HEAD: Final = bytes.fromhex("A0228020")
"""The data objects around the seed: an encryption key, and no checksum key, which this application refuses."""
_OAEP: Final = padding.OAEP(padding.MGF1(hashes.SHA256()), hashes.SHA256(), None)

_OVER: Final = frozenset(
    {
        StatusWord.SECURE_MESSAGING_NOT_SUPPORTED,
        StatusWord.SECURE_MESSAGING_OBJECT_MISSING,
        StatusWord.SECURE_MESSAGING_OBJECT_WRONG,
        StatusWord.NO_SECURE_MESSAGING_SESSION,
    }
)
"""Status words with which the card ends the session, or reports that there is none."""


@dataclass(frozen=True, slots=True)
class Turn:
    """One command of a session and its response: the key, and their number, which gives both the same IV.

    Attributes:
        key: the session's, of AES-128.
        number: 1 for the first command, and one more for each, whatever the application answers.
    """

    key: bytes = field(repr=False)
    number: int = 1

    @classmethod
    def first(cls, seed: bytes) -> Turn:
        """The first turn of the session that *seed* begins."""
        return cls(seed[:_BLOCK])

    @property
    def le_width(self) -> int:
        """Three bytes, of which the first is zero."""
        return 3

    @property
    def next(self) -> Turn:
        """The next turn."""
        return replace(self, number=self.number + 1)

    def encrypted(self, data: bytes) -> bytes:
        """*data*, padded and encrypted."""
        encryptor = Cipher(algorithms.AES128(self.key), modes.CBC(self._iv())).encryptor()
        return encryptor.update(padded(data, _BLOCK)) + encryptor.finalize()

    def decrypted(self, cryptogram: bytes) -> bytes:
        """The data in *cryptogram*.

        Raises:
            ProtocolError: it does not belong to this turn.
        """
        if not cryptogram or len(cryptogram) % _BLOCK:
            raise ProtocolError(N_("A cryptogram is not made of whole blocks."))
        decryptor = Cipher(algorithms.AES128(self.key), modes.CBC(self._iv())).decryptor()
        return unpadded(decryptor.update(cryptogram) + decryptor.finalize(), _BLOCK)

    def _iv(self) -> bytes:
        encryptor = Cipher(algorithms.AES128(self.key), modes.ECB()).encryptor()  # of one block
        return encryptor.update(self.number.to_bytes(_BLOCK, "big")) + encryptor.finalize()


# --- the session key ---


def encrypt_seed(key: rsa.RSAPublicKey, seed: bytes) -> bytes:
    """The cryptogram of SET SESSION KEY for *seed*, whose 32 bytes must be unpredictable, and new each time.

    Its padding is random too; the library that makes it draws that itself.

    Raises:
        UsageError: the seed has another length.
    """
    if len(seed) != SEED_LENGTH:
        raise errors.UsageError(N_("The seed of a session key has {length} bytes."), length=SEED_LENGTH)
    return key.encrypt(_SEED_HEAD + seed, _OAEP)


def decrypt_seed(key: rsa.RSAPrivateKey, cryptogram: bytes) -> bytes:
    """The seed in *cryptogram*, as the card finds it.

    Raises:
        ProtocolError: it holds no seed.
    """
    try:
        content = key.decrypt(cryptogram, _OAEP)
    except ValueError:
        content = b""
    head, seed = content[: len(_SEED_HEAD)], content[len(_SEED_HEAD) :]
    if not hmac.compare_digest(head, _SEED_HEAD) or len(seed) != SEED_LENGTH:
        raise ProtocolError(N_("There is no seed in this cryptogram."))
    return seed


# --- a card around a card ---


class SecureCard:
    """A card around a card: VERIFY, SELECT EF and READ BINARY go encrypted to the inner one, which has the session key.

    The session ends with SELECT of an application, with a fault, and when the card says so. From then on
    nothing that would have gone encrypted is sent: it never falls back to the clear.
    """

    def __init__(self, card: Channel, seed: bytes) -> None:
        self._card = card
        self._selections = card.selections
        self._turn: Turn | None = Turn.first(seed)

    @property
    def alive(self) -> bool:
        """Whether the session is still open, as far as known."""
        return self._turn is not None and self._card.selections == self._selections

    def transmit(self, command: bytes, /) -> bytes:
        """The answer to *command*, both in the clear on this side.

        Raises:
            SessionEndedError: the session is over, and *command* was not sent.
            ProtocolError: the answer does not belong to this session, which is over now.
        """
        apdu = CommandApdu.parse(command)
        if not is_protected(apdu):
            return self._card.transmit(command)
        turn = self._turn
        if turn is None or not self.alive:
            raise errors.SessionEndedError(
                N_("This {application} session has ended: something else was selected since."),
                application=N_("secure messaging"),
            )
        self._turn = None  # if no answer comes, it is unknown whether the card counted this command
        response = ResponseApdu.parse(self._card.transmit(bytes(protect_command(apdu, turn))))
        if response.status in _OVER:
            return bytes(response)
        opened = open_response(response, turn)
        if response.status == SUCCESS and len(opened.data) > apdu.ne:
            raise ProtocolError(
                N_("The card sent {nr} bytes where {ne} were requested."), nr=len(opened.data), ne=apdu.ne
            )
        self._turn = turn.next
        return bytes(opened)
