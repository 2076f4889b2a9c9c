"""BER-TLV data objects, read and written within bounds.

Source: ISO/IEC 7816-4:2005 §5.2.2 (tags of one to three bytes, definite lengths of one to five bytes), which is a part
of ITU-T X.690 §8.1; vectors/apdu/tlv.json.
"""

from __future__ import annotations

from typing import Final

from mynacard._dataclasses import dataclass
from mynacard.errors import TlvError
from mynacard.texts import N_

__all__ = ["DEPTH_MAX", "Tlv", "outer_length", "parse", "parse_all", "read_header"]

DEPTH_MAX: Final = 8
"""Objects nested deeper than this are refused; no card file needs half as many levels."""


@dataclass(frozen=True, slots=True)
class Tlv:
    """One data object: its tag as a number ('DF21' is 0xDF21) and its value. Prints no value: it may be personal."""

    tag: int
    value: bytes

    @property
    def constructed(self) -> bool:
        """Whether the tag says that the value is itself made of data objects."""
        return bool(self.tag.to_bytes(_width(self.tag), "big")[0] & 0x20)

    def children(self) -> tuple[Tlv, ...]:
        """The data objects inside, one level down.

        Raises:
            TlvError: the value is not made of data objects.
        """
        return parse_all(self.value)

    def __bytes__(self) -> bytes:
        return self.tag.to_bytes(_width(self.tag), "big") + _encode_length(len(self.value)) + self.value

    def __repr__(self) -> str:
        return f"Tlv({self.tag:X}, {len(self.value)} bytes)"


def parse(data: bytes) -> Tlv:
    """The single data object in *data*.

    Raises:
        TlvError: it is damaged or nested too deep, or bytes follow it.
    """
    tlv, end = _read(data, 0, DEPTH_MAX)
    if end != len(data):
        raise TlvError(N_("{count} bytes follow a data object."), count=len(data) - end)
    return tlv


def parse_all(data: bytes) -> tuple[Tlv, ...]:
    """The data objects that *data* is a row of.

    Raises:
        TlvError: one of them is damaged or nested too deep.
    """
    objects: list[Tlv] = []
    offset = 0
    while offset < len(data):
        tlv, offset = _read(data, offset, DEPTH_MAX)
        objects.append(tlv)
    return tuple(objects)


def outer_length(data: bytes) -> int:
    """The length of the first data object, with its tag and length, from its first few bytes; it may be cut off.

    A card's files end in filler ('FF'): this is where to cut it off.

    Raises:
        TlvError: *data* does not hold its tag and length.
    """
    _, start, length = read_header(data, 0)
    return start + length


def _read(data: bytes, offset: int, depth: int) -> tuple[Tlv, int]:
    tag, start, length = read_header(data, offset)
    end = start + length
    if end > len(data):
        raise TlvError(
            N_("A data object says {length} bytes where {rest} are left."), length=length, rest=len(data) - start
        )
    tlv = Tlv(tag, data[start:end])
    if tlv.constructed:
        _check_nesting(data, start, end, depth - 1)
    return tlv, end


def _check_nesting(data: bytes, offset: int, end: int, depth: int) -> None:
    """Refuse a bomb of constructed objects here, before a caller walks into it."""
    if depth == 0 and offset < end:
        raise TlvError(N_("Data objects are nested deeper than {depth}."), depth=DEPTH_MAX)
    while offset < end:
        tag, start, length = read_header(data, offset)
        if start + length > end:
            raise TlvError(
                N_("A data object says {length} bytes where {rest} are left."), length=length, rest=end - start
            )
        if Tlv(tag, b"").constructed:
            _check_nesting(data, start, start + length, depth - 1)
        offset = start + length


def read_header(data: bytes, offset: int) -> tuple[int, int, int]:
    """The tag at *offset*, where the value starts, and its length.

    Raises:
        TlvError: the tag or length is cut off, too long, or of a form that cards do not use.
    """
    try:
        end = offset + 1
        if data[offset] & 0x1F == 0x1F:  # a tag of more bytes: bit 8 says that another follows, two at most
            end += 1 if data[end] < 0x80 else 2
            if data[end - 1] & 0x80:
                raise TlvError(N_("A tag is longer than three bytes."))
        tag = int.from_bytes(data[offset:end], "big")
        first = data[end]
    except IndexError:
        raise TlvError(N_("A data object ends within its tag or length.")) from None
    end += 1
    if first < 0x80:
        return tag, end, first
    width = first & 0x7F
    if not 1 <= width <= 4:
        raise TlvError(N_("A length is indefinite or wider than four bytes."))
    if end + width > len(data):
        raise TlvError(N_("A data object ends within its tag or length."))
    return tag, end + width, int.from_bytes(data[end : end + width], "big")


def _width(number: int) -> int:
    return max(1, (number.bit_length() + 7) // 8)


def _encode_length(length: int) -> bytes:
    if length < 0x80:
        return bytes((length,))
    width = _width(length)
    return bytes((0x80 | width,)) + length.to_bytes(width, "big")
