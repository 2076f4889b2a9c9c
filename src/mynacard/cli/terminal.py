"""Standard output and standard error: the one place through which everything passes that a terminal may show.

Data is escaped on its way out, whatever prints it: a command, click, a log, a traceback. No text can switch that off,
since anyone can put an escape sequence into a name. A progress bar and the demo, which move the cursor and set styles
on purpose, write to :func:`unescaped`, and make their data printable themselves.

Prose is folded on its way out, too, to the width of the terminal, or to ``COLUMNS`` where that is set. Tables, JSON and
bytes in hexadecimal, which a fold would spoil, go to :func:`as_rows`.
"""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Iterable
from typing import Any, Final, TextIO, cast

from mynacard.cli.folding import folded
from mynacard.texts import lines_printable

__all__ = ["PrintableStream", "as_rows", "fitted", "guard", "unescaped"]

_NARROWEST: Final = 60
"""Columns of prose at a terminal that is narrower than that."""

_WAYS_AROUND: Final = frozenset({"buffer", "detach"})
"""click writes to ``buffer`` where the encoding is ASCII, and at the Windows console."""


class PrintableStream:
    """The text stream *below*; everything that a terminal obeys is escaped, except the ends of lines.

    Attributes:
        below: the stream.
        prose: whether long lines are folded.
    """

    def __init__(self, below: TextIO, *, prose: bool = True) -> None:
        self.below = below
        self.prose = prose

    def write(self, text: str, /) -> int:
        shown = lines_printable(text)
        self.below.write(fitted(shown, self.below) if self.prose else shown)
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


def as_rows(stream: TextIO) -> TextIO:
    """*stream* for what has lines of its own: printable, and not folded."""
    return cast(TextIO, PrintableStream(unescaped(stream), prose=False))


def fitted(text: str, stream: TextIO) -> str:
    """*text*, folded to ``COLUMNS``, or to the terminal that *stream* is; as it is where there is neither."""
    if "COLUMNS" not in os.environ and not stream.isatty():
        return text
    return folded(text, max(_NARROWEST, shutil.get_terminal_size().columns))
