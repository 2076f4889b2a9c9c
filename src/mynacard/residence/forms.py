"""A residence card's files are rows of data objects: read as stored, and built.

A value that is shorter than its object is filled with '00', and so is a file; an object of length 0 is absent. Objects
with an unknown tag are kept.

Source: the specification (layout.py names it) §3.2.3, §3.3.4, §3.3.5.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field
from typing import Final

from mynacard._dataclasses import dataclass
from mynacard.errors import CardDataError, UsageError
from mynacard.residence.layout import File, Object
from mynacard.texts import N_

__all__ = ["Row", "build", "data_error", "read"]

_FILLER: Final = b"\x00"
_MORE: Final = 0x1F
"""The bits of a tag that announce another byte."""
_WIDTHS: Final = {0x81: 1, 0x82: 2}
"""How many bytes follow the first byte of a length, by that byte."""


@dataclass(frozen=True, slots=True)
class Row:
    """The content of a file.

    Attributes:
        file: which.
        values: the values of its objects as stored, by tag; without those that are absent or empty.
        unknown: objects that no source describes, by tag.
    """

    file: File
    values: Mapping[int, bytes] = field(repr=False)
    unknown: Mapping[int, bytes] = field(repr=False)

    def text(self, tag: int) -> str:
        """The text of an object, without its filler; empty where the object is absent.

        Raises:
            CardDataError: it is not UTF-8.
        """
        try:
            return self.values.get(tag, b"").rstrip(_FILLER).decode("utf-8")
        except UnicodeDecodeError:
            raise data_error(self.file, N_("It holds a text that is not UTF-8.")) from None


def read(file: File, content: bytes) -> Row:
    """The objects in *content*, which is all of *file*.

    Raises:
        CardDataError: its length is not the file's; an object in it is cut off, is too long, comes twice or out of
            order.
    """
    if len(content) != file.size:
        raise data_error(file, N_("It has {length} bytes, not {wanted}."), length=len(content), wanted=file.size)
    known = {object_.tag: object_ for object_ in file.objects}
    values, unknown = dict[int, bytes](), dict[int, bytes]()
    for tag, value in _objects(file, content):
        if tag not in known:
            unknown[tag] = value
        elif tag in values:
            raise data_error(file, N_("'{tag}' is there more than once."), tag=f"{tag:X}")
        else:
            values[tag] = _checked(file, known[tag], value)
    if list(values) != [tag for tag in known if tag in values]:
        raise data_error(file, N_("Its data objects are out of order."))
    return Row(file, {tag: value for tag, value in values.items() if value}, unknown)


def build(file: File, values: Mapping[int, bytes], *, absent: bytes = b"") -> bytes:
    """The file with these *values*, each padded to its length where that is fixed, and the file to its size.

    Args:
        file: which.
        values: by tag. An object without a value is not written.
        absent: the content instead of an empty row of objects.

    Raises:
        UsageError: a value is longer than its object can be.
    """
    written = b"".join(_built(file, object_, values[object_.tag]) for object_ in file.objects if object_.tag in values)
    return (written or absent).ljust(file.size, _FILLER)


def data_error(file: File, problem: str, **details: object) -> CardDataError:
    """The error that reports *problem* in *file*."""
    return CardDataError(
        N_("The file “{file}” does not have the known form. {problem}"),
        file=file.name,
        problem=CardDataError(problem, **details),
    )


def _objects(file: File, content: bytes) -> list[tuple[int, bytes]]:
    objects: list[tuple[int, bytes]] = []
    at = 0
    while at < len(content):
        if content[at] == 0:
            at += 1
            continue
        tag, start, length = _header(file, content, at)
        if start + length > len(content):
            raise data_error(
                file,
                N_("A data object announces {length} bytes where {rest} are left."),
                length=length,
                rest=len(content) - start,
            )
        objects.append((tag, content[start : start + length]))
        at = start + length
    return objects


def _header(file: File, content: bytes, at: int) -> tuple[int, int, int]:
    """The tag at *at*, where the value starts, and its length.

    Tags have one byte, or two where the first says that there are more. 'DFD1' of the second generation would have a
    third one by BER (ITU-T X.690 §8.1.2.4), and its file has no room for one.
    """
    try:
        end = at + (2 if content[at] & _MORE == _MORE else 1)
        tag, width = int.from_bytes(content[at:end], "big"), _WIDTHS.get(content[end], 0)
        if content[end] >= 0x80 and not width:
            raise data_error(file, N_("A length in it has an impossible form."))
        start = end + 1 + width
        return tag, start, int.from_bytes(content[end + 1 : start], "big") if width else content[end]
    except IndexError:
        raise data_error(file, N_("It ends within the tag or length of a data object.")) from None


def _checked(file: File, known: Object, value: bytes) -> bytes:
    if len(value) > known.length or (known.fixed and len(value) not in {0, known.length}):
        raise data_error(
            file,
            N_("'{tag}' has {length} bytes, not {wanted}."),
            tag=f"{known.tag:X}",
            length=len(value),
            wanted=known.length,
        )
    return value


def _built(file: File, known: Object, value: bytes) -> bytes:
    if len(value) > known.length:
        raise UsageError(
            N_("In the file “{file}”, '{tag}' has at most {length} bytes."),
            file=file.name,
            tag=f"{known.tag:X}",
            length=known.length,
        )
    if known.fixed and value:
        value = value.ljust(known.length, _FILLER)
    tag = known.tag.to_bytes(2 if known.tag > 0xFF else 1, "big")
    # '81 XX' is allowed and never occurs: with the files' sizes only these two forms are possible.
    length = bytes((len(value),)) if len(value) < 0x80 else b"\x82" + len(value).to_bytes(2, "big")
    return tag + length + value
