"""Files that are one data object around a row of others: read as they are stored, and built.

Source: ISO/IEC 7816-4:2005 §5.2.2 for the objects. That some files begin with a table of offsets, from
soltia48/myna-card, jpki/myna and AokiApp/jsapdu (vectors/personal/objects.json).
"""

from __future__ import annotations

import re
import struct
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final

from mynacard.apdu import tlv
from mynacard.errors import CardDataError, TlvError, UsageError
from mynacard.texts import N_

__all__ = ["KEY_LENGTH", "SIGNATURE_LENGTH", "Form", "Row"]

SIGNATURE_LENGTH: Final = 256
KEY_LENGTH: Final = 265
"""Bytes of a public key of 2048 bits, as its two data objects."""

_OFFSET_MAX: Final = 0xFFFF
_DATE: Final = re.compile(rb"([0-9]{4})([0-9]{2})([0-9]{2})")


@dataclass(frozen=True, slots=True)
class Form:
    """How such a file looks.

    Attributes:
        name: what errors call it.
        tag: of the object around the others.
        parts: the tags of the others, in their order, and how many bytes each has; None where that varies.
        table: the tag of an object before them that says, in 16 bits each, at which byte of the file they are.
        stored: bytes of the file; filler 'FF' makes it as long.
    """

    name: str
    tag: int
    parts: Mapping[int, int | None]
    table: int | None = None
    stored: int = 0

    def read(self, content: bytes) -> Row:
        """What is in *content*; what follows the outer object is filler, and left aside.

        Raises:
            CardDataError: an object is missing, doubled, out of order, of another length or not whole, or the
                table says another place than it is at.
        """
        try:
            row = self._row(content)
        except TlvError as e:
            raise self.error(N_("{why}"), why=e) from e
        self._check_tags(row.tags)
        self._check_lengths(row)
        if self.table is not None and row.values[0] != _offsets(row.starts[1:]):
            raise self.error(N_("Its table says other places than its data objects are at."))
        return row

    def build(self, values: Sequence[bytes]) -> bytes:
        """The file with these *values* in the order of ``parts``. The table and the filler are made.

        Raises:
            UsageError: a value has another length than the file has room for.
        """
        for (tag, length), value in zip(self.parts.items(), values, strict=True):
            if length not in {None, len(value)}:
                raise UsageError(
                    N_("In the {file}, '{tag}' has {length} bytes."), file=self.name, tag=f"{tag:X}", length=length
                )
        objects = [bytes(tlv.Tlv(tag, value)) for tag, value in zip(self.parts, values, strict=True)]
        file = bytes(tlv.Tlv(self.tag, self._table(objects) + b"".join(objects)))
        return file.ljust(self.stored, b"\xff")

    def error(self, problem: str, **details: object) -> CardDataError:
        """The error that says *problem* of this file."""
        why = CardDataError(problem, **details)
        return CardDataError(N_("The {file} does not have the known form. {problem}"), file=self.name, problem=why)

    def date(self, value: bytes) -> date:
        """The day that *value* names: YYYYMMDD."""
        found = _DATE.fullmatch(value)
        try:
            if found:
                return date(*map(int, found.groups()))
        except ValueError:
            pass
        raise self.error(N_("A date in it is none.")) from None

    def text(self, value: bytes) -> str:
        """The text that *value* is in UTF-8."""
        try:
            return value.decode("utf-8")
        except UnicodeDecodeError:
            raise self.error(N_("A text in it is no UTF-8.")) from None

    def utf_8(self, text: str) -> bytes:
        """*text* in UTF-8. A UsageError where it holds half of a character, which no file can."""
        try:
            return text.encode("utf-8")
        except UnicodeEncodeError:
            raise UsageError(N_("A text for the {file} is no Unicode text."), file=self.name) from None

    def _row(self, content: bytes) -> Row:
        end = tlv.outer_length(content)
        outer = tlv.parse(content[:end])
        if outer.tag != self.tag:
            raise self.error(N_("It begins with '{tag}'."), tag=f"{outer.tag:X}")
        starts, objects = [end - len(outer.value)], list[tlv.Tlv]()
        while starts[-1] < end:
            following = starts[-1] + tlv.outer_length(content[starts[-1] : end])
            objects.append(tlv.parse(content[starts[-1] : following]))
            starts.append(following)
        return Row(content, tuple(one.tag for one in objects), tuple(one.value for one in objects), tuple(starts[:-1]))

    def _check_tags(self, found: tuple[int, ...]) -> None:
        wanted = (*(() if self.table is None else (self.table,)), *self.parts)
        if found == wanted:
            return
        for tag in (*wanted, *found):
            if tag not in found:
                raise self.error(N_("'{tag}' is missing."), tag=f"{tag:X}")
            if found.count(tag) > 1:
                raise self.error(N_("'{tag}' is there more than once."), tag=f"{tag:X}")
            if tag not in wanted:
                raise self.error(N_("'{tag}' does not belong there."), tag=f"{tag:X}")
        raise self.error(N_("Its data objects are in another order."))

    def _check_lengths(self, row: Row) -> None:
        for tag, value in zip(row.tags, row.values, strict=True):
            wanted = self.parts.get(tag)
            if wanted not in {None, len(value)}:
                raise self.error(
                    N_("'{tag}' has {length} bytes, not {wanted}."), tag=f"{tag:X}", length=len(value), wanted=wanted
                )

    def _table(self, objects: Sequence[bytes]) -> bytes:
        if self.table is None:
            return b""
        head = len(bytes(tlv.Tlv(self.table, bytes(2 * len(objects)))))
        whole = head + sum(map(len, objects))
        start = len(bytes(tlv.Tlv(self.tag, bytes(whole)))) - whole + head
        starts = tuple(start + sum(map(len, objects[:index])) for index in range(len(objects)))
        if starts[-1] > _OFFSET_MAX:
            raise UsageError(N_("What is to be in the {file} is too long for it."), file=self.name)
        return bytes(tlv.Tlv(self.table, _offsets(starts)))


@dataclass(frozen=True, slots=True)
class Row:
    """The data objects of a file, as they are stored."""

    content: bytes
    tags: tuple[int, ...]
    values: tuple[bytes, ...]
    starts: tuple[int, ...]

    def stored(self, first: int, end: int | None = None) -> bytes:
        """The bytes of the file from the object with tag *first* to before the one with tag *end*, or to the last."""
        stop = tlv.outer_length(self.content) if end is None else self.starts[self.tags.index(end)]
        return self.content[self.starts[self.tags.index(first)] : stop]

    def __repr__(self) -> str:
        return f"Row({', '.join(f'{tag:X}' for tag in self.tags)})"


def _offsets(starts: Sequence[int]) -> bytes:
    """The table that says *starts*; one that no table can say is never equal to one."""
    return struct.pack(f">{len(starts)}H", *starts) if max(starts, default=0) <= _OFFSET_MAX else b""
