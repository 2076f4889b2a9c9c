"""A recording as a value: the exchanges between a program and a card, without their personal bytes."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import field
from typing import Final

from mynacard._dataclasses import dataclass
from mynacard.apdu.masking import Range
from mynacard.apdu.secrecy import MASK

__all__ = ["Exchange", "MaskedBytes", "Recording"]

_BYTES: Final = re.compile(r"(?:[0-9A-F]{2}|\*\*)*")
_MASKED: Final = re.compile(r"(?:\*\*)+")


@dataclass(frozen=True, slots=True)
class MaskedBytes:
    """Bytes, of which those in the ranges *masked* are unknown, and 0 in *data*. Its repr shows no data."""

    data: bytes = field(repr=False)
    masked: tuple[Range, ...] = ()

    @classmethod
    def of(cls, data: bytes, masked: tuple[Range, ...]) -> MaskedBytes:
        """*data* without the bytes in the ranges *masked*."""
        kept = bytearray(data)
        for start, end in masked:
            kept[start:end] = bytes(end - start)
        return cls(bytes(kept), masked)

    @classmethod
    def parse(cls, text: str) -> MaskedBytes:
        """The bytes in *text*: for each two uppercase hexadecimal digits, or two asterisks where it is masked.

        Raises:
            ValueError: *text* holds anything else.
        """
        if not _BYTES.fullmatch(text):
            raise ValueError
        masked = tuple((match.start() // 2, match.end() // 2) for match in _MASKED.finditer(text))
        return cls(bytes.fromhex(text.replace(MASK, "00")), masked)

    def filled(self, fill: int) -> bytes:
        """The bytes, with *fill*, 0..255, in place of each masked one."""
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
    """A command and its answer, or the error in place of one.

    Attributes:
        command: the command APDU; only its first four bytes where *secret*.
        secret: whether a secret followed; neither it nor its length is known (:mod:`mynacard.apdu.secrecy`).
        answer: the response APDU; None where no answer came.
        error: the code of the error that came in place of an answer; else empty.
        at_us: microseconds from the first command to this one; None where times were not recorded.
        took_us: microseconds from the command to its answer or error; None likewise.
    """

    command: bytes = field(repr=False)
    secret: bool
    answer: MaskedBytes | None
    error: str = ""
    at_us: int | None = None
    took_us: int | None = None


@dataclass(frozen=True, slots=True)
class Recording:
    """Exchanges in their order, and *about*: the recording program's description of them."""

    exchanges: tuple[Exchange, ...]
    about: Mapping[str, str]
