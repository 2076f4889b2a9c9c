"""Foreign text, on its way to a screen, a page or a file."""

from __future__ import annotations

import unicodedata
from typing import Final

__all__ = ["plain", "printable"]

_BLANK: Final = "\N{IDEOGRAPHIC SPACE}"
"""Of Japanese texts; Python says that it does not print."""
_CONTROLLING: Final = frozenset({"Cc", "Cf", "Cs"})


def printable(text: str) -> str:
    """*text*, with a replacement character for each that does not print: it could command a terminal."""
    return "".join(
        character if character.isprintable() or character == _BLANK else "\N{REPLACEMENT CHARACTER}"
        for character in text
    )


def plain(text: str) -> str:
    """*text* in one line; what could command a terminal is shown as Python escapes it."""
    return "".join(
        character.encode("unicode_escape").decode() if unicodedata.category(character) in _CONTROLLING else character
        for character in text
    )
