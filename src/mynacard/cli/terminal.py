"""Standard output and standard error: the one place through which everything passes that a terminal may show.

Data is escaped on its way out, whatever prints it: a command, click, a log, a traceback. No text can switch that off,
since anyone can put an escape sequence into a name. A progress bar and the demo, which move the cursor and set styles
on purpose, write to :func:`unescaped`, and make their data printable themselves.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable
from typing import Any, Final, TextIO, cast

from mynacard.texts import lines_printable

__all__ = ["PrintableStream", "guard", "unescaped"]

_WAYS_AROUND: Final = frozenset({"buffer", "detach"})
"""click writes to ``buffer`` where the encoding is ASCII, and at the Windows console."""


class PrintableStream:
    """The text stream *below*; everything that a terminal obeys is escaped, except the ends of lines."""

    def __init__(self, below: TextIO) -> None:
        self.below = below

    def write(self, text: str, /) -> int:
        self.below.write(lines_printable(text))
        return len(text)

    def writelines(self, lines: Iterable[str], /) -> None:
        for line in lines:
            self.write(line)

    def __getattr__(self, name: str) -> Any:
        if name in _WAYS_AROUND:
            raise AttributeError(f"{type(self).__name__} has no {name}")
        return getattr(self.below, name)


def guard() -> None:
    """Escape everything that this process prints from now on, unless a shell asks for completions."""
    if "_MYNACARD_COMPLETE" in os.environ:  # click writes bytes then, and a shell reads them
        return
    for name in ("stdout", "stderr"):
        stream = getattr(sys, name)
        if stream is not None:
            setattr(sys, name, PrintableStream(stream))


def unescaped(stream: TextIO) -> TextIO:
    """The stream below *stream*, for bytes, and for what moves the cursor or sets a style."""
    outer = cast(object, stream)
    return outer.below if isinstance(outer, PrintableStream) else stream
