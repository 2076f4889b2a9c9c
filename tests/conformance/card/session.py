"""Secure messaging of the text application, as the host does it: made from the statements, and from no other module."""

from __future__ import annotations

from typing import Final

from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

from tests.conformance.card.conversation import DONE, Answer, Conversation
from tests.conformance.card.objects import one, written
from tests.conformance.card.rsa import encrypted, key_object

__all__ = ["SEED", "Session", "begin", "session_key", "set_session_key"]

SEED: Final = bytes(range(0x40, 0x60))


def session_key(card: Conversation) -> RSAPublicKey:
    """The key in EF 0006; a PIN that opens it is verified."""
    return key_object(one(card.read(0x0006), "A1"))


def set_session_key(card: Conversation, cryptogram: bytes) -> str:
    assert len(cryptogram) == 256
    return card.sw("80AE0000000100", cryptogram)


def begin(card: Conversation) -> Session:
    """A session, after VERIFY of the PIN."""
    card.log_in("text")
    assert set_session_key(card, encrypted(session_key(card), bytes.fromhex("A0228020") + SEED)) == DONE
    return Session(card)


class Session:
    """A session: it counts its commands."""

    def __init__(self, card: Conversation) -> None:
        self._card = card
        self.number = 0

    def verify(self, key: int, pin: bytes) -> Answer:
        self.number += 1
        return self._send("08200080" if not key else f"082000{0x80 | key:02X}", written("86", self.cryptogram(pin)))

    def select(self, file_id: int) -> Answer:
        self.number += 1
        return self._send("08A4020C", written("86", self.cryptogram(file_id.to_bytes(2, "big"))))

    def read(self, offset: int = 0, length: int = 0) -> Answer:
        """READ BINARY; the data of the answer decrypted."""
        self.number += 1
        answer = self._send(f"08B0{offset:04X}", written("96", length.to_bytes(3, "big")))
        return Answer(self._opened(answer.data), answer.sw) if answer.data else answer

    def send(self, header: str, data: bytes) -> Answer:
        """A command with *data* as it is. It is counted."""
        self.number += 1
        return self._send(header, data)

    def cryptogram(self, data: bytes, number: int | None = None) -> bytes:
        """'01' and *data*, padded and encrypted, of the command *number*; else of this one."""
        cipher = Cipher(algorithms.AES128(SEED[:16]), modes.CBC(self._iv(number or self.number))).encryptor()
        return b"\x01" + cipher.update(data + b"\x80" + bytes(-(len(data) + 1) % 16)) + cipher.finalize()

    def _send(self, header: str, data: bytes) -> Answer:
        if header[2:4] == "B0":
            return self._card(header + f"0000{len(data):02X}", data, "0000")
        return self._card(header + f"{len(data):02X}", data)

    def _opened(self, data: bytes) -> bytes:
        value = one(data, "86")
        assert value[:1] == b"\x01"
        cipher = Cipher(algorithms.AES128(SEED[:16]), modes.CBC(self._iv(self.number))).decryptor()
        found = (cipher.update(value[1:]) + cipher.finalize()).rstrip(b"\x00")
        assert found[-1:] == b"\x80"
        return found[:-1]

    def _iv(self, number: int) -> bytes:
        cipher = Cipher(algorithms.AES128(SEED[:16]), modes.CBC(bytes(16))).encryptor()  # of one block: ECB
        return cipher.update(number.to_bytes(16, "big")) + cipher.finalize()
