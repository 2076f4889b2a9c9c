"""Files that are one data object around a row of others: read as stored, and built.

Source: ISO/IEC 7816-4:2005 §5.2.2 for the objects. That some files begin with a table of offsets, from
soltia48/myna-card, jpki/myna and AokiApp/jsapdu (vectors/personal/objects.json).
"""

from __future__ import annotations

import re
import struct
from collections.abc import Mapping, Sequence
from datetime import date
from typing import Final

from mynacard._dataclasses import dataclass
from mynacard.apdu import tlv
from mynacard.errors import CardDataError, TlvError, UsageError
from mynacard.texts import N_

__all__ = ["KEY_LENGTH", "SIGNATURE_LENGTH", "Form", "Row"]

SIGNATURE_LENGTH: Final = 256
KEY_LENGTH: Final = 265
"""Bytes of a public key of 2048 bits, as its two data objects."""

_OFFSET_MAX: Final = 0xFFFF
_WIDE_MAX: Final = 0xFFFF
_DATE: Final = re.compile(rb"([0-9]{4})([0-9]{2})([0-9]{2})")


@dataclass(frozen=True, slots=True)
class Form:
    """The layout of such a file.

    Attributes:
        name: what errors call it.
        tag: of the object around the others.
        parts: the tags of the others, in their order, and how many bytes each has; None where that varies.
        table: the tag of an object before them that holds their offsets in the file, 16 bits each; None without it.
        stored: bytes of the file; it is padded to them with 'FF'.
        wide: the tags of objects that some files write with a length of '82' and two bytes, also below 256.
    """

    name: str
    tag: int
    parts: Mapping[int, int | None]
    table: int | None = None
    stored: int = 0
    wide: frozenset[int] = frozenset()

    def read(self, content: bytes) -> Row:
        """The objects in *content*; bytes after the outer object are filler, and ignored.

        Raises:
            CardDataError: an object is missing, doubled, out of order, of the wrong length or cut off, or the table
                gives another place for it.
        """
        try:
            row = self._row(content)
        except TlvError as e:
            raise self.error(N_("{why}"), why=e) from e
        self._check_tags(row.tags)
        self._check_lengths(row)
        if self.table is not None and row.values[0] != _offsets(row.starts[1:]):
            raise self.error(N_("Its table does not give the places of its data objects."))
        return row

    def build(self, values: Sequence[bytes], *, wide: bool = False) -> bytes:
        """The file with these *values* in the order of ``parts``. Table and filler are added.

        Args:
            values: of all parts.
            wide: whether the objects in ``wide`` have a length of '82' and two bytes.

        Raises:
            UsageError: a value does not have the length that the file needs.
        """
        for (tag, length), value in zip(self.parts.items(), values, strict=True):
            if length not in {None, len(value)}:
                raise UsageError(
                    N_("In the {file}, '{tag}' has {length} bytes."), file=self.name, tag=f"{tag:X}", length=length
                )
        wanted = self.wide if wide else frozenset[int]()
        objects = [_object(tag, value, wanted) for tag, value in zip(self.parts, values, strict=True)]
        file = _object(self.tag, self._table(objects, wanted) + b"".join(objects), wanted)
        return file.ljust(self.stored, b"\xff")

    def error(self, problem: str, **details: object) -> CardDataError:
        """The error that reports *problem* in this file."""
        why = CardDataError(problem, **details)
        return CardDataError(N_("The {file} does not have the known form. {problem}"), file=self.name, problem=why)

    def date(self, value: bytes) -> date:
        """The day in *value*, YYYYMMDD.

        Raises:
            CardDataError: there is no such day.
        """
        digits = _DATE.fullmatch(value)
        try:
            if digits:
                return date(*map(int, digits.groups()))
        except ValueError:
            pass
        raise self.error(N_("It holds a date that does not exist.")) from None

    def text(self, value: bytes) -> str:
        """The text in *value*, UTF-8.

        Raises:
            CardDataError: it is not UTF-8.
        """
        try:
            return value.decode("utf-8")
        except UnicodeDecodeError:
            raise self.error(N_("It holds a text that is not UTF-8.")) from None

    def utf_8(self, text: str) -> bytes:
        """*text* in UTF-8.

        Raises:
            UsageError: it holds half of a surrogate pair.
        """
        try:
            return text.encode("utf-8")
        except UnicodeEncodeError:
            raise UsageError(N_("A text for the {file} is not Unicode text."), file=self.name) from None

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
        return Row(
            content,
            tuple(object_.tag for object_ in objects),
            tuple(object_.value for object_ in objects),
            tuple(starts[:-1]),
        )

    def _check_tags(self, tags: tuple[int, ...]) -> None:
        wanted = (*(() if self.table is None else (self.table,)), *self.parts)
        if tags == wanted:
            return
        for tag in (*wanted, *tags):
            if tag not in tags:
                raise self.error(N_("'{tag}' is missing."), tag=f"{tag:X}")
            if tags.count(tag) > 1:
                raise self.error(N_("'{tag}' is there more than once."), tag=f"{tag:X}")
            if tag not in wanted:
                raise self.error(N_("'{tag}' does not belong there."), tag=f"{tag:X}")
        raise self.error(N_("Its data objects are out of order."))

    def _check_lengths(self, row: Row) -> None:
        for tag, value in zip(row.tags, row.values, strict=True):
            wanted = self.parts.get(tag)
            if wanted not in {None, len(value)}:
                raise self.error(
                    N_("'{tag}' has {length} bytes, not {wanted}."), tag=f"{tag:X}", length=len(value), wanted=wanted
                )

    def _table(self, objects: Sequence[bytes], wide: frozenset[int]) -> bytes:
        if self.table is None:
            return b""
        head = len(bytes(tlv.Tlv(self.table, bytes(2 * len(objects)))))
        length = head + sum(map(len, objects))
        start = len(_object(self.tag, bytes(length), wide)) - length + head
        starts = tuple(start + sum(map(len, objects[:index])) for index in range(len(objects)))
        if starts[-1] > _OFFSET_MAX:
            raise UsageError(N_("The contents for the {file} are too long for it."), file=self.name)
        return bytes(tlv.Tlv(self.table, _offsets(starts)))


@dataclass(frozen=True, slots=True)
class Row:
    """The data objects of a file, as stored."""

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


def _object(tag: int, value: bytes, wide: frozenset[int]) -> bytes:
    """A data object; if its tag is in *wide*, and its value fits, with a length of '82' and two bytes."""
    if tag not in wide or len(value) > _WIDE_MAX:
        return bytes(tlv.Tlv(tag, value))
    return bytes(tlv.Tlv(tag, b""))[:-1] + struct.pack(">BH", 0x82, len(value)) + value


def _offsets(starts: Sequence[int]) -> bytes:
    """The table with *starts*; empty, and so equal to no table, where they do not fit."""
    return struct.pack(f">{len(starts)}H", *starts) if max(starts, default=0) <= _OFFSET_MAX else b""
