"""A recording as a value: what passed between a program and a card, personal bytes unknown."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from mynacard.apdu.masking import Range
from mynacard.apdu.secrecy import MASK

__all__ = ["Exchange", "MaskedBytes", "Recording"]

_BYTES: Final = re.compile(r"(?:[0-9A-F]{2}|\*\*)*")
_MASKED: Final = re.compile(r"(?:\*\*)+")


@dataclass(frozen=True, slots=True)
class MaskedBytes:
    """Bytes; those in the ranges *masked* are not known, and 0 in *data*. Prints neither."""

    data: bytes = field(repr=False)
    masked: tuple[Range, ...] = ()

    @classmethod
    def of(cls, data: bytes, masked: tuple[Range, ...]) -> MaskedBytes:
        """*data* without what is in the ranges *masked*."""
        kept = bytearray(data)
        for start, end in masked:
            kept[start:end] = bytes(end - start)
        return cls(bytes(kept), masked)

    @classmethod
    def parse(cls, text: str) -> MaskedBytes:
        """The bytes that *text* spells, two capital hexadecimal digits or two stars each.

        Raises:
            ValueError: it has anything else in it.
        """
        if not _BYTES.fullmatch(text):
            raise ValueError
        masked = tuple((match.start() // 2, match.end() // 2) for match in _MASKED.finditer(text))
        return cls(bytes.fromhex(text.replace(MASK, "00")), masked)

    def filled(self, fill: int) -> bytes:
        """The bytes, with *fill*, 0..255, in the place of each masked one."""
        data = bytearray(self.data)
        for start, end in self.masked:
            data[start:end] = bytes((fill,)) * (end - start)
        return bytes(data)

    def __str__(self) -> str:
        text = self.data.hex().upper()
        for start, end in self.masked:
            text = text[: 2 * start] + MASK * (end - start) + text[2 * end :]
        return text


@dataclass(frozen=True, slots=True)
class Exchange:
    """A command and what came back.

    Attributes:
        command: the command APDU; only its first four bytes where *secret*.
        secret: whether a secret followed; neither it nor its length is known (:mod:`mynacard.apdu.secrecy`).
        answer: the response APDU; None where none came.
        error: the code of the error that came in its place, else empty.
        at_us: microseconds from the first command to this one; None where times were not kept.
        took_us: microseconds from the command to what came back.
    """

    command: bytes = field(repr=False)
    secret: bool
    answer: MaskedBytes | None
    error: str = ""
    at_us: int | None = None
    took_us: int | None = None


@dataclass(frozen=True, slots=True)
class Recording:
    """Exchanges in their order, and *about*: what was recorded, in the words of the program that did."""

    exchanges: tuple[Exchange, ...]
    about: Mapping[str, str]
