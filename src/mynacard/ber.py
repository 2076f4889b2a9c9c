"""BER as DER: lengths in their shortest form, and octet strings in one piece. Nothing else is changed.

Programs that write a signature while they read the content use BER: ``openssl cms -stream``, BouncyCastle's generators.
A program for residence cards takes certificates in BER, too. Whatever else keeps the bytes from being DER stays as it
is, for a strict reader to refuse. So a value that was signed in DER, such as a certificate, stays byte for byte.

Source: ITU-T X.690 §8.1.3 (lengths), §8.7.3 (octet strings in pieces), §10.1 and §10.2 (what DER has instead).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, TypeAlias

from mynacard.errors import CertificateFileError
from mynacard.texts import N_

__all__ = ["DEPTH_MAX", "PIECES_MAX", "VALUES_MAX", "to_der"]

DEPTH_MAX: Final = 32
VALUES_MAX: Final = 10_000
"""The most values. A signature with its certificate has about 300; this stops a bomb of small values."""
PIECES_MAX: Final = 100_000
"""The most pieces of octet strings: 64 MiB of content in the usual pieces of 1,000 bytes have 67,109."""

_CONSTRUCTED: Final = 0x20
_OCTET_STRING: Final = 0x04
_IN_PIECES: Final = _OCTET_STRING | _CONSTRUCTED
_LONG_TAG: Final = 0x1F
_INDEFINITE: Final = 0x80
_RESERVED: Final = 0xFF
_END_OF_CONTENTS: Final = b"\x00\x00"

_Rewrite: TypeAlias = Callable[[int, int, int], tuple[int, int]]


class _Rewriter:
    """Walks through all values once, and collects their DER without copying any content."""

    def __init__(self, data: bytes) -> None:
        self._data = memoryview(data)
        self._values = self._pieces = 0
        self.output: list[bytes | memoryview] = []

    def value(self, offset: int, end: int, depth: int) -> tuple[int, int]:
        """Rewrite the value at *offset*; return the offset after it, at most *end*, and how many bytes were written."""
        self._values += 1
        if depth == 0 or self._values > VALUES_MAX:
            raise _unreadable()
        tag, start, stop = self._header(offset, end)
        place = len(self.output)
        self.output.append(b"")  # the header, which is known when the contents are
        if tag & _CONSTRUCTED:
            rewrite = self._piece if tag == _IN_PIECES else self.value
            following, length = self._contents(start, stop, end, depth - 1, rewrite)
        else:
            following, length = self._primitive(start, stop)
        header = _header(_OCTET_STRING if tag == _IN_PIECES else tag, length)
        self.output[place] = header
        return following, len(header) + length

    def _piece(self, offset: int, end: int, depth: int) -> tuple[int, int]:
        """Write what the piece of an octet string at *offset* contains, without its header; return as :meth:`value`."""
        self._pieces += 1
        if depth == 0 or self._pieces > PIECES_MAX:
            raise _unreadable()
        tag, start, stop = self._header(offset, end)
        if tag == _IN_PIECES:
            return self._contents(start, stop, end, depth - 1, self._piece)
        if tag != _OCTET_STRING:
            raise _unreadable()
        return self._primitive(start, stop)

    def _contents(self, start: int, stop: int | None, end: int, depth: int, rewrite: _Rewrite) -> tuple[int, int]:
        """Rewrite the values from *start* to *stop*, or to the end-of-contents if that is None."""
        last, written = end if stop is None else stop, 0
        while start != stop:
            if stop is None and start + 2 <= last and bytes(self._data[start : start + 2]) == _END_OF_CONTENTS:
                return start + 2, written
            start, length = rewrite(start, last, depth)
            written += length
        return start, written

    def _primitive(self, start: int, stop: int | None) -> tuple[int, int]:
        if stop is None:
            raise _unreadable()
        self.output.append(self._data[start:stop])
        return stop, stop - start

    def _header(self, offset: int, end: int) -> tuple[int, int, int | None]:
        """The tag, and the offsets of the contents' start and end; None for an indefinite length."""
        if offset + 2 > end or self._data[offset] & _LONG_TAG == _LONG_TAG:
            raise _unreadable()
        tag, length, start = self._data[offset], self._data[offset + 1], offset + 2
        if length == _RESERVED:
            raise _unreadable()
        if length == _INDEFINITE:
            return tag, start, None
        if length > _INDEFINITE:
            width = length - _INDEFINITE
            length = int.from_bytes(self._data[start : start + width], "big")
            start += width
        if start + length > end:
            raise _unreadable()
        return tag, start, start + length


def to_der(data: bytes, *, padded: bool = False) -> bytes:
    """*data*, one BER value, with DER's lengths and octet strings. What is DER already comes back as it is.

    It need not be DER yet: `mynacard.signing.der.check` says.

    Args:
        data: the value, and nothing after it.
        padded: whether zeros may follow it, as in a PDF file and in a residence card's.

    Raises:
        CertificateFileError: it is not one value with nothing after it, is nested too deeply, or has too many values.
    """
    rewriter = _Rewriter(data)
    following, _ = rewriter.value(0, len(data), DEPTH_MAX)
    if any(data[following:]) or (following != len(data) and not padded):
        raise _unreadable()
    return b"".join(rewriter.output)


def _header(tag: int, length: int) -> bytes:
    if length < _INDEFINITE:
        return bytes((tag, length))
    octets = length.to_bytes((length.bit_length() + 7) // 8, "big")
    return bytes((tag, _INDEFINITE | len(octets))) + octets


def _unreadable() -> CertificateFileError:
    return CertificateFileError(
        N_("This is neither DER nor BER, or something follows it, or it is made to keep a reader busy.")
    )
