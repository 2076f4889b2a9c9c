"""Protects a real card: whatever a test does, no try is spent and nothing is changed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, Protocol

from mynacard.apdu.secrecy import carries_secret
from mynacard.simulator.individual.contents import SLOTS

__all__ = ["CardUnderTest", "Guard", "RefusedError"]

_VERIFY: Final = 0x20
_HARMLESS: Final = {
    0x00: {0x20, 0x84, 0x88, 0xA4, 0xB0, 0xB2, 0xCA, 0xEE},  # EE is not an instruction; it is sent to see the refusal
    0x80: {0x2A, 0xAE, 0xFC},
    0x08: {0xA4, 0xB0}, 0x0C: {0xA4, 0xB0},
    0x01: {0xB0}, 0xB0: {0xA4},
}  # fmt: skip
"""Instructions by class that go to a real card; another rule is for VERIFY with data."""


class CardUnderTest(Protocol):
    """A card, and its power."""

    def transmit(self, command: bytes, /) -> bytes: ...
    def power_cycle(self) -> None: ...
    def warm_reset(self) -> None: ...


class RefusedError(Exception):
    """The guard did not let a command pass. The message shows no data."""


class Guard:
    """A card around a real one that passes only commands that spend no try and change nothing.

    VERIFY with data passes only in the class without secure messaging, with the right PIN as the holder gave it, for a
    key of the application that this guard saw selected, and while that PIN has all its tries. After a refusal of one,
    none passes any more.

    Args:
        card: the real one.
        pins: the right ones, by their names in a card's file.
    """

    def __init__(self, card: CardUnderTest, pins: Mapping[str, bytes]) -> None:
        self._card = card
        self._pins = {(SLOTS[name][0], SLOTS[name][1].key): (name, pin) for name, pin in pins.items()}
        self._df: bytes | None = None
        self._ef: int | None = None
        self.refused_by_card = ""

    def power_cycle(self) -> None:
        self._df = self._ef = None
        self._card.power_cycle()

    def warm_reset(self) -> None:
        self._df = self._ef = None
        self._card.warm_reset()

    def transmit(self, command: bytes, /) -> bytes:
        """The answer of the card.

        Raises:
            RefusedError: the command was not sent.
        """
        cla, ins = command[:2]
        if ins not in _HARMLESS.get(cla, ()):
            raise RefusedError(f"'{cla:02X} {ins:02X}' is not sent to a real card")
        if not carries_secret(command):
            if ins == _VERIFY and len(command) != 4:
                raise RefusedError("a VERIFY of a strange form is not sent to a real card")
            answer = self._card.transmit(command)
            self._follow(command, answer)
            return answer
        return self._verify(command)

    def _verify(self, command: bytes) -> bytes:
        key = command[3] & 0x1F if command[3] != 0x80 else self._ef
        df = self._df
        name, pin = self._pins.get((df, key), ("", b"")) if df is not None and key is not None else ("", b"")
        if (
            not pin
            or command != bytes((0, _VERIFY, 0, 0x80 | (key or 0) if command[3] != 0x80 else 0x80, len(pin))) + pin
        ):
            raise RefusedError("this VERIFY shows something that is not the right PIN")
        if self.refused_by_card:
            raise RefusedError(f"the card has refused {self.refused_by_card}: no PIN is shown to it any more")
        tries = self._card.transmit(command[:4])
        if tries != bytes((0x63, 0xC0 | SLOTS[name][1].tries)):
            raise RefusedError(f"{name} has not all its tries; present it once elsewhere, then run this again")
        answer = self._card.transmit(command)
        if answer != b"\x90\x00":
            self.refused_by_card = name
        return answer

    def _follow(self, command: bytes, answer: bytes) -> None:
        done = answer[-2:] == b"\x90\x00"
        _, ins, p1, p2 = command[:4]
        data = command[5 : 5 + command[4]] if len(command) > 5 else b""
        if ins == 0xA4 and p1 == 0x04 and done:
            names = {df for df, _ in self._pins}
            self._df, self._ef = (data if data in names else None), None
        elif ins == 0xA4 and p1 == 0x02:
            self._ef = int.from_bytes(data, "big") if done and command[:4] == b"\x00\xa4\x02\x0c" else None
        elif (ins == 0xB0 and p1 & 0x80) or (ins == 0xB2 and p2 != 0x04) or (ins in (0x20, 0x2A, 0x88) and p2 != 0x80):
            self._ef = None  # a short identifier has named another EF
