"""The pictures on a simulated card, made up here; they show no real person.

The formats are those that myna-card saw: one-bit PNG for printed text, JPEG 2000 for the photo (its size is not known).
"""

from __future__ import annotations

import base64
import struct
import zlib
from functools import cache
from typing import Final

__all__ = ["PHOTO", "text_image"]

_GLYPHS: Final = {  # five dots wide, seven high; one byte per row
    "A": "0E11111F111111", "B": "1E11111E11111E", "C": "0E11101010110E", "D": "1E11111111111E",
    "E": "1F10101E10101F", "F": "1F10101E101010", "G": "0E11101711110E", "H": "1111111F111111",
    "I": "0E04040404040E", "J": "0702020202120C", "K": "11121418141211", "L": "1010101010101F",
    "M": "111B1515111111", "N": "11191513111111", "O": "0E11111111110E", "P": "1E11111E101010",
    "Q": "0E11111115120D", "R": "1E11111E141211", "S": "0F10100E01011E", "T": "1F040404040404",
    "U": "1111111111110E", "V": "11111111110A04", "W": "11111115151B11", "X": "11110A040A1111",
    "Y": "11110A04040404", "Z": "1F01020408101F", "0": "0E11131519110E", "1": "040C040404040E",
    "2": "0E11010608101F", "3": "1E01010E01011E", "4": "02060A121F0202", "5": "1F101E0101110E",
    "6": "0E10101E11110E", "7": "1F010204080808", "8": "0E11110E11110E", "9": "0E11110F01010E",
    "-": "0000001F000000", "?": "0E110106040004",
}  # fmt: skip
_WIDTH: Final = 6
_HEIGHT: Final = 7
_UNKNOWN: Final = _GLYPHS["?"]
_BLANK: Final = "00" * _HEIGHT

PHOTO: Final = base64.b64decode(
    "AAAADGpQICANCocKAAAAFGZ0eXBqcDIgAAAAAGpwMiAAAAAtanAyaAAAABZpaGRyAAAAoAAAAHgAAQcHAAAAAAAPY29scgEAAAAAABEAAAKv"
    "anAyY/9P/1EAKQAAAAAAeAAAAKAAAAAAAAAAAAAAAHgAAACgAAAAAAAAAAAAAQcBAf9SAAwAAAABAAUEBAAA/1wAI0J3IHbwdvB2wG8AbwBu"
    "4GdQZ1BnaFAFUAVQR1fTV9NXYv9kACUAAUNyZWF0ZWQgYnkgT3BlbkpQRUcgdmVyc2lvbiAyLjUuNP+QAAoAAAAAAh4AAf+Tx9JME/9ylQNV"
    "OYWwTmNjanl8PxlPpMPoHQfKNg+UcDbPDgHWVasj7szbVP4NHSIKIjaWQWxioOYs0RqtBwWkgm+NKCZFPOUbwfEah8hSD4ioH6O86ROW5JkZ"
    "qxff+o2Xi6nGgR429cPNEm9J4bFoZahjVfkVFWRjgnjhDr72QT1HLThEp/30KF26keI/1ZJsHSuQHsPgoI+M/B1of9JWDMfUDxWaztLyfC7J"
    "F5uVpXBS17jILhUtRzQ0woCusrGJ0qzQJfNcXgfpQkdjDAaPyry4EgVhkxmivZLBfyzrGc06Xm1jFcIQvx/vS/67t6cgy3YAWuLHbiO1sLQA"
    "xtb+zzgJl14IgwpzPgm2o70fe6sLDbK0dU1Gh3e1ZZhkd18RmQ8y3644g24+g8a5KdcT8WqTOtK6mTOz4K8Hntq4iS0NVxY1k/ED7Ci+KsHs"
    "kSSh59jDBnZioS0x8FqhrKqp66/NRuvHApk3pCUSS6KRGk804eVu2eLlz6xA63pmfETdro70SEI2+9upPhukZydklTBVpcNA7jLKOe1/6xuY"
    "fPDG4z0FAdnwenfxqM5nz86g05BUmAk+/vkTOfvLrEnE2z9we+BwGpfHy3pJyiF0/mZrg8cPwYoYLlYCQmCKVsrdX2YXeqCOUGACRufe8gvc"
    "AgbC+7JcPRn3IST9mkZ0yHqPmF9yQa/zvnLlt3t8hN4Q/9k="
)
"""JPEG 2000, 120 by 160, grey: a head without a face, and SIMULATED across it."""


@cache
def text_image(text: str, width: int, height: int) -> bytes:
    """A PNG of *width* by *height*, one bit per dot, with as much of *text* as fits, in capitals and digits.

    A character without a glyph becomes a question mark.
    """
    rows = [bytes(_packed(_line(text, y - (height - _HEIGHT) // 2), width)) for y in range(height)]
    header = struct.pack(">IIBBBBB", width, height, 1, 0, 0, 0, 0)  # one bit, grey (PNG, third edition, 11.2.1)
    data = zlib.compress(b"".join(b"\0" + row for row in rows), 9)
    return b"\x89PNG\r\n\x1a\n" + _chunk(b"IHDR", header) + _chunk(b"IDAT", data) + _chunk(b"IEND", b"")


def _line(text: str, y: int) -> str:
    """The dots of one row, as ones and zeros: ink is black, which is 0."""
    if not 0 <= y < _HEIGHT:
        return ""
    glyphs = (_BLANK if letter == " " else _GLYPHS.get(letter, _UNKNOWN) for letter in text.upper())
    dots = "".join(f"{bytes.fromhex(glyph)[y]:05b}0" for glyph in glyphs)
    return dots.translate(_INK)


_INK: Final = {ord("0"): "1", ord("1"): "0"}


def _packed(dots: str, width: int) -> bytes:
    dots = dots[:width].ljust(width, "1").ljust(-(-width // 8) * 8, "0")
    return int(dots, 2).to_bytes(len(dots) // 8, "big")


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
