"""DER or nothing: bytes that two parsers could read in two ways are refused.

Source: ITU-T X.690 §10 and §11 (definite lengths in their shortest form, no strings in pieces, sets in order).
"""

from __future__ import annotations

from typing import Final

from mynacard.ber import DEPTH_MAX, VALUES_MAX
from mynacard.errors import CertificateFileError
from mynacard.texts import N_

__all__ = ["SET", "check"]

SET: Final = 0x31

_CONSTRUCTED: Final = 0x20
_BOOLEAN, _INTEGER, _ENUMERATED = 0x01, 0x02, 0x0A
_NUMBERS: Final = frozenset({_BOOLEAN, _INTEGER, _ENUMERATED})
_ALWAYS_CONSTRUCTED: Final = frozenset({0x10, 0x11})  # SEQUENCE and SET; everything else universal is primitive


class _Reader:
    """Walks through all values once, and counts them."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._values = 0

    def read(self, offset: int, end: int, depth: int) -> int:
        """Check the value at *offset*, and return its end, which is at most *end*."""
        self._values += 1
        if depth == 0 or self._values > VALUES_MAX:
            raise _not_der()
        tag, start, stop = self._header(offset, end)
        if tag & _CONSTRUCTED:
            self._children(tag, start, stop, depth - 1)
        elif tag in _NUMBERS and not _shortest(tag, self._data[start:stop]):
            raise _not_der()
        return stop

    def _children(self, tag: int, start: int, stop: int, depth: int) -> None:
        children: list[bytes] = []
        while start < stop:
            following = self.read(start, stop, depth)
            if tag == SET:
                children.append(self._data[start:following])
            start = following
        if children != sorted(children):
            raise _not_der()

    def _header(self, offset: int, end: int) -> tuple[int, int, int]:
        """The tag, and the offsets of the value's start and end."""
        if offset + 2 > end:
            raise _not_der()
        tag, first = self._data[offset], self._data[offset + 1]
        start = offset + 2
        length = first
        if first & 0x80:
            width = first & 0x7F
            length = int.from_bytes(self._data[start : start + width], "big")
            if not 1 <= width <= 4 or length < 0x80 or length.bit_length() <= 8 * (width - 1):
                raise _not_der()
            start += width
        if start + length > end or not _usual(tag):
            raise _not_der()
        return tag, start, start + length


def check(data: bytes) -> None:
    """Check that *data* is one DER value, and nothing more.

    Raises:
        CertificateFileError: it is not, or it is nested too deeply or has too many values.
    """
    if _Reader(data).read(0, len(data), DEPTH_MAX) != len(data):
        raise _not_der()


def _usual(tag: int) -> bool:
    """Whether *tag* has one byte, and is constructed exactly where DER requires it."""
    number = tag & 0x1F
    if number == 0x1F:
        return False
    universal = not tag & 0xC0
    return not universal or (number != 0 and bool(tag & _CONSTRUCTED) == (number in _ALWAYS_CONSTRUCTED))


def _shortest(tag: int, value: bytes) -> bool:
    """Whether a boolean or a number is in its only DER form."""
    if tag == _BOOLEAN:
        return value in (b"\x00", b"\xff")
    spare = len(value) > 1 and (value[0], value[1] >> 7) in ((0x00, 0), (0xFF, 1))
    return bool(value) and not spare


def _not_der() -> CertificateFileError:
    return CertificateFileError(N_("This is not DER, or something follows it, or it is made to keep a reader busy."))
