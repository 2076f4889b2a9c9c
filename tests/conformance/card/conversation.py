"""A test's conversation with a card: hexadecimal digits, and a few sequences of them that many tests use.

Names and numbers are written down here once more, so that the suite is independent of both the driver's layout and the
simulator's.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey

from tests.conformance.card.guard import CardUnderTest

__all__ = ["DONE", "Answer", "Conversation"]

DONE: Final = "9000"

NAMES: Final = {
    "jpki": "D392F000260100000001",
    "text": "D3921000310001010408",
    "card-face": "D3921000310001010402",
    "resident-register": "D3921000310001010401",
    "common": "D3921000310001010100",
    "issuer": "A0000001510000",
}
KEYS: Final = {
    "user-authentication": ("jpki", 0x18),
    "digital-signature": ("jpki", 0x1B),
    "text": ("text", 0x11),
    "text/number-a": ("text", 0x14),
    "text/number-b": ("text", 0x15),
    "card-face/birth-date": ("card-face", 0x11),
    "card-face/number-b": ("card-face", 0x12),
    "card-face/number-a": ("card-face", 0x13),
    "common": ("common", 0x1C),
    "resident-register": ("resident-register", 0x1C),
}


@dataclass(frozen=True)
class Answer:
    """A card's answer: data, and the status word as four digits. It does not print the data, which may be personal."""

    data: bytes
    sw: str

    def __repr__(self) -> str:
        return f"Answer({len(self.data)} bytes, {self.sw})"


class Conversation:
    """A conversation with a card.

    Args:
        card: the card.
        pins: the right PINs, as far as they are known.
        knows: public keys that are not on a card.
    """

    def __init__(self, card: CardUnderTest, pins: Mapping[str, bytes], knows: Mapping[str, RSAPublicKey]) -> None:
        self._card = card
        self._pins = pins
        self.knows = knows
        self.heard: list[str] = []
        """Headers of commands, and their answers without data, so that they may be shown."""

    # --- commands ---

    def __call__(self, command: str, data: bytes = b"", end: str = "") -> Answer:
        """The answer to *command*: its digits, then *data*, then the digits of *end*."""
        return self.send(bytes.fromhex(command) + data + bytes.fromhex(end))

    def send(self, command: bytes) -> Answer:
        answer = self._card.transmit(command)
        assert len(answer) >= 2
        found = Answer(answer[:-2], answer[-2:].hex().upper())
        self.heard.append(f"{command[:4].hex(' ').upper()} -> {found.sw}, {len(found.data)} bytes")
        return found

    def sw(self, command: str, data: bytes = b"", end: str = "") -> str:
        """The status word of the answer."""
        return self(command, data, end).sw

    def data(self, command: str, data: bytes = b"", end: str = "") -> bytes:
        """The data of an answer that must be '9000'."""
        answer = self(command, data, end)
        assert answer.sw == DONE
        return answer.data

    def power_cycle(self) -> None:
        self._card.power_cycle()

    def warm_reset(self) -> None:
        self._card.warm_reset()

    # --- sequences ---

    def select(self, application: str) -> None:
        name = bytes.fromhex(NAMES[application])
        assert self.sw("00A4040C", bytes((len(name),)) + name) == DONE

    def ef(self, file_id: int) -> str:
        """SELECT of the EF; the status word."""
        return self.sw("00A4020C02", file_id.to_bytes(2, "big"))

    def read(self, file_id: int, size: int = 256) -> bytes:
        """All of an EF, by its file identifier and short commands."""
        assert self.ef(file_id) == DONE
        found = b""
        while True:
            piece = self.send(b"\x00\xb0" + len(found).to_bytes(2, "big") + bytes((size % 256,)))
            if piece.sw == "6B00" and found:
                return found
            assert piece.sw == DONE
            found += piece.data
            if len(piece.data) < size:
                return found

    def first(self, file_id: int) -> str:
        """The status word of a read of the EF's first byte."""
        assert self.ef(file_id) == DONE
        return self.sw("00B0000001")

    def pin(self, name: str) -> bytes:
        """The right PIN."""
        return self._pins[name]

    def wrong(self, name: str) -> bytes:
        """A wrong PIN of the right form."""
        right = self._pins[name]
        return right[:-1] + (b"1" if right[-1:] != b"1" else b"2")

    def present(self, name: str, pin: bytes) -> str:
        """VERIFY of *pin* as the PIN *name*, by SELECT of its EF; the status word."""
        assert self.ef(KEYS[name][1]) == DONE
        return self.sw("00200080", bytes((len(pin),)) + pin)

    def log_in(self, *names: str) -> None:
        """SELECT of the application, unless it is current because of another of *names*; VERIFY of these PINs."""
        application = ""
        for name in names:
            if KEYS[name][0] != application:
                application = KEYS[name][0]
                self.select(application)
            assert self.present(name, self.pin(name)) == DONE

    def tries(self, name: str) -> int:
        """How many tries the PIN has; its application is current."""
        assert self.ef(KEYS[name][1]) == DONE
        sw = self.sw("00200080")
        assert sw[:3] == "63C"
        return int(sw[3], 16)
