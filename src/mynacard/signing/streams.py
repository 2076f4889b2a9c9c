"""Files as streams: read in pieces, and continued beyond their end, so that a large one need not be in memory."""

from __future__ import annotations

import io
import os
from collections.abc import Iterator
from io import BufferedIOBase, RawIOBase
from typing import TYPE_CHECKING, Final, TypeAlias

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer, WriteableBuffer

__all__ = ["PIECE", "Continued", "Stream", "part", "pieces", "size_of", "stream_of"]

Stream: TypeAlias = BufferedIOBase | RawIOBase
"""A seekable binary stream."""

PIECE: Final = 1 << 18
"""Bytes that are read at once."""


class Continued(RawIOBase):
    """A file and what is written after its end, as one stream with a position of its own. The file stays as it is."""

    def __init__(self, file: Stream) -> None:
        self._file, self._added = file, io.BytesIO()
        self._size, self._at = size_of(file), 0

    def readable(self) -> bool:
        return True

    writable = seekable = readable

    def seek(self, offset: int, whence: int = os.SEEK_SET, /) -> int:
        end = self._size + len(self._added.getbuffer())
        self._at = offset + {os.SEEK_SET: 0, os.SEEK_CUR: self._at, os.SEEK_END: end}[whence]
        return self._at

    def tell(self) -> int:
        return self._at

    def readinto(self, buffer: WriteableBuffer, /) -> int:
        view = memoryview(buffer).cast("B")
        beyond = self._at - self._size
        stream, at = (self._file, self._at) if beyond < 0 else (self._added, beyond)
        stream.seek(at)
        count = stream.readinto(view[:-beyond] if beyond < 0 else view) or 0
        self._at += count
        return count

    def write(self, data: ReadableBuffer, /) -> int:
        """Write after the end of the file.

        Raises:
            UnsupportedOperation: the position is before it.
        """
        if self._at < self._size:
            raise io.UnsupportedOperation
        self._added.seek(self._at - self._size)
        count = self._added.write(data)
        self._at += count
        return count

    def added(self) -> bytes:
        """What was written after the end of the file."""
        return self._added.getvalue()


def stream_of(file: bytes | Stream) -> Stream:
    """*file* as a stream; bytes are not copied."""
    return io.BytesIO(file) if isinstance(file, bytes | bytearray | memoryview) else file


def size_of(stream: Stream) -> int:
    """The bytes in *stream*, whose position is then at its end."""
    return stream.seek(0, os.SEEK_END)


def part(stream: Stream, start: int, size: int) -> bytes:
    """*size* bytes from *start*, or as many as there are."""
    return b"".join(bytes(piece) for piece in pieces(stream, start, size))


def pieces(stream: Stream, start: int, size: int) -> Iterator[memoryview]:
    """*size* bytes from *start*, or as many as there are, in pieces, each of which is valid until the next one."""
    stream.seek(start)
    buffer = memoryview(bytearray(min(PIECE, size)))
    while size > 0 and (count := stream.readinto(buffer[:size])):
        yield buffer[:count]
        size -= count
