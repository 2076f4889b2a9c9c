"""Lines of prose, folded between words to the columns of a terminal; a Japanese character takes two of them.

Source: JIS X 4051 (what begins or ends no line), as far as a terminal needs it.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from typing import Final

__all__ = ["columns_of", "folded"]

_NOT_FIRST: Final = "、。，．：；！？）」』】〕〉》・ーぁぃぅぇぉっゃゅょァィゥェォッャュョ"
_NOT_LAST: Final = "（「『【〔〈《"
_WIDE: Final = "\u2e80-\ua4cf\uac00-\ud7a3\uf900-\ufaff\uff01-\uff60\U00020000-\U0003fffd"
"""Scripts that are written without spaces, which may be folded anywhere."""
_PIECE: Final = re.compile(rf"\s+|[{_NOT_LAST}]*(?:[{_WIDE}]|[^\s{_WIDE}]+)[{_NOT_FIRST}]*|\S")
"""What stays together: spaces; a wide character, or a word, with the marks around it."""


def columns_of(text: str) -> int:
    """How many columns of a terminal *text* takes: a Japanese character takes two (Unicode Standard Annex 11)."""
    return sum(map(_width, text))


def _width(character: str) -> int:
    if unicodedata.combining(character):
        return 0
    return 2 if unicodedata.east_asian_width(character) in {"W", "F"} else 1


def folded(text: str, width: int) -> str:
    """*text* with no line wider than *width* columns, except for a single word: a path or an address stays whole."""
    return "\n".join("\n".join(_lines(line, width)) if columns_of(line) > width else line for line in text.split("\n"))


def _lines(line: str, width: int) -> Iterator[str]:
    """The lines that *line* becomes; the later ones keep its indent."""
    indent = line[: len(line) - len(line.lstrip())]
    now = indent
    for piece in _PIECE.findall(line[len(indent) :]):
        if columns_of(now + piece.rstrip()) > width and now.strip():
            yield now.rstrip()
            now = indent
        now += piece if now.strip() else piece.lstrip()
    if now.strip():
        yield now.rstrip()
