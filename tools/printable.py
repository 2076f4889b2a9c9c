"""Text of somebody else's, on its way to a screen, a page or a file."""

from __future__ import annotations

from typing import Final

__all__ = ["printable"]

_BLANK: Final = "\N{IDEOGRAPHIC SPACE}"
"""Of Japanese texts; Python says that it does not print."""


def printable(text: str) -> str:
    """*text*, with a replacement character for each that does not print: it could command a terminal."""
    return "".join(each if each.isprintable() or each == _BLANK else "\N{REPLACEMENT CHARACTER}" for each in text)
