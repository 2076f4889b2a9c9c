"""Text of somebody else's, on its way to a screen, a page or a file."""

from __future__ import annotations

__all__ = ["printable"]


def printable(text: str) -> str:
    """*text*, with a replacement character for each that does not print: it could command a terminal."""
    return "".join(each if each.isprintable() else "\N{REPLACEMENT CHARACTER}" for each in text)
