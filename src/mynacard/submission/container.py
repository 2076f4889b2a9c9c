"""The one form of a package's ZIP file: stored entries in one order, and no byte that they do not account for.

Only CRC-32 and size of each entry are read, from its central header. Every header is rebuilt from them and compared, so
that two readers of the file, whichever headers they go by, see the same content.

Source: PKWARE APPNOTE 6.3.10 §4.3.7 (local header), §4.3.12 (central header), §4.3.16 (end record); no ZIP64, data
descriptor, extra field or comment.
"""

from __future__ import annotations

import struct
import zipfile
import zlib
from collections.abc import Iterator
from typing import BinaryIO, Final

from mynacard._dataclasses import dataclass
from mynacard.errors import SubmissionError
from mynacard.submission.messages import Violation
from mynacard.texts import N_

__all__ = ["MANIFEST", "SIGNATURE", "Entry", "PackageError", "entries", "info", "misformed", "names"]

MANIFEST, SIGNATURE = "manifest.json", "manifest.json.p7s"
_ENDED: Final = b"PK\5\6"
_COUNTS: Final = range(2, 103)  # manifest, signature, and at most 100 files
_CHUNK: Final = 0x1_0000
_VERSION, _UNIX, _MODE = 20, 3, 0o600 << 16  # as zipfile writes them for a file that only its owner can read
_DATE: Final = (1980, 1, 1, 0, 0, 0)
_DAY: Final = 1 << 5 | 1  # the same (§4.4.6)
_LOCAL: Final = struct.Struct("<4s5H3L2H")
_CENTRAL: Final = struct.Struct("<4s6H3L5H2L")
_CRC_AND_SIZE: Final = struct.Struct("<16x2L")
_END: Final = struct.Struct("<4s4H2LH")


class PackageError(SubmissionError, ValueError):
    """A package that is not accepted. ``.problem`` is a stable code for why; ``.violations`` says where, if known."""

    code = "submission/package"

    def __init__(self, problem: str, template: str, /, *violations: Violation, **details: object) -> None:
        super().__init__(template, **details)
        self.problem = problem
        self.violations = violations


@dataclass(frozen=True, slots=True)
class Entry:
    """A stored entry, as its central header describes it.

    Attributes:
        name: ASCII.
        offset: bytes from the start of the file to the local header.
        size: bytes of the content.
        crc: the CRC-32 of the content; :meth:`pieces` checks it.
    """

    name: str
    offset: int
    size: int
    crc: int

    @property
    def start(self) -> int:
        """Bytes from the start of the file to the content."""
        return self.offset + _LOCAL.size + len(self.name)

    @property
    def end(self) -> int:
        """Bytes from the start of the file to the end of the content."""
        return self.start + self.size

    def local(self) -> bytes:
        """The local header."""
        return _LOCAL.pack(b"PK\3\4", _VERSION, *self._described()) + self.name.encode("ascii")

    def central(self) -> bytes:
        """The central header."""
        rest = (0, 0, 0, _MODE, self.offset)  # comment, disk, internal and external attributes
        made_by = _UNIX << 8 | _VERSION
        return _CENTRAL.pack(b"PK\1\2", made_by, _VERSION, *self._described(), *rest) + self.name.encode("ascii")

    def _described(self) -> tuple[int, ...]:
        """What both headers say: flags, method, time, date, CRC-32, both sizes, lengths of name and extra field."""
        return (0, zipfile.ZIP_STORED, 0, _DAY, self.crc, self.size, self.size, len(self.name), 0)

    def pieces(self, source: BinaryIO) -> Iterator[bytes]:
        """The content, from *source*, in pieces.

        Raises:
            PackageError: ``package/form``, after the last piece: this is not content with that CRC-32.
            OSError: *source* cannot be read.
        """
        source.seek(self.start)
        left, crc = self.size, 0
        while piece := source.read(min(_CHUNK, left)):
            left, crc = left - len(piece), zlib.crc32(piece, crc)
            yield piece
        if left or crc != self.crc:
            raise misformed()


def names(count: int) -> list[str]:
    """The names of *count* entries, in their order."""
    return [MANIFEST, SIGNATURE, *(f"files/{number:02}" for number in range(count - 2))]


def info(name: str) -> zipfile.ZipInfo:
    """What :mod:`zipfile` has to be told to write the entry *name* in the one form."""
    entry = zipfile.ZipInfo(name, _DATE)
    entry.create_system, entry.external_attr = _UNIX, _MODE
    return entry


def entries(source: BinaryIO) -> tuple[Entry, ...]:
    """The entries of the package in *source*, at most 102, after all that is not content was compared.

    Raises:
        PackageError: ``package/form``: a byte before, between or after the entries' contents is not the expected one.
        OSError: *source* cannot be read.
    """
    size = source.seek(0, 2)
    expected = names(_count(source, size))
    length = sum(_CENTRAL.size + len(name) for name in expected)
    start = size - _END.size - length
    directory = _read(source, start, length)
    read, offset, at = list[Entry](), 0, 0
    for name in expected:
        crc, stored = _CRC_AND_SIZE.unpack_from(directory, at)
        read.append(Entry(name, offset, stored, crc))
        offset, at = read[-1].end, at + _CENTRAL.size + len(name)
    if offset != start:  # before offsets that have no 32 bits are packed
        raise misformed()
    end = _END.pack(_ENDED, 0, 0, len(read), len(read), length, offset, 0)
    _expect(source, start, b"".join(entry.central() for entry in read) + end)
    for entry in read:
        _expect(source, entry.offset, entry.local())
    return tuple(read)


def misformed() -> PackageError:
    """The error for a file that does not have the one form."""
    return PackageError(
        "package/form", N_("This is not a package, or it contains something that does not belong there.")
    )


def _count(source: BinaryIO, size: int) -> int:
    """The number of entries, by the end record; it bounds what is read of the directory."""
    signature, _, _, count, *_ = _END.unpack(_read(source, size - _END.size, _END.size))
    if signature != _ENDED or count not in _COUNTS:
        raise misformed()
    return int(count)


def _read(source: BinaryIO, offset: int, length: int) -> bytes:
    if offset < 0:
        raise misformed()
    source.seek(offset)
    content = source.read(length)
    if len(content) != length:
        raise misformed()
    return content


def _expect(source: BinaryIO, offset: int, content: bytes) -> None:
    if _read(source, offset, len(content)) != content:
        raise misformed()
