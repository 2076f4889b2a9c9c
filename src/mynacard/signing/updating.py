"""pyHanko's writer and text stamp with a time that they are given. It loads pyHanko: import it on first use.

Both would ask tzlocal for the time zone, which raises for the POSIX form of TZ.

Source: pyHanko 0.38, whose classes these extend.
"""

# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false, reportUnknownArgumentType=false
# because its base classes are pyHanko's, which are loaded on use and so have no types.

from __future__ import annotations

import io
import os
from datetime import datetime
from typing import Any

from mynacard.trust import pyhanko

__all__ = ["Stamp", "Style", "styled", "try_font", "update"]


class _Metadata(pyhanko.metadata.DocumentMetadata):  # type: ignore[misc]  # this module is loaded on use, and so is pyHanko
    """Metadata whose date of modification is *moment*, even when the writer sets it to the current time."""

    def __init__(self, moment: datetime) -> None:
        object.__setattr__(self, "_moment", moment)
        super().__init__()

    def __setattr__(self, name: str, value: object) -> None:
        super().__setattr__(name, self._moment if name == "last_modified" else value)


class _Writer(pyhanko.incremental_writer.IncrementalPdfFileWriter):  # type: ignore[misc]  # as above
    """A writer whose output already begins with the file."""

    def _write_header(self, stream: Any) -> None:
        stream.seek(0, os.SEEK_END)


def update(reader: Any, moment: datetime) -> Any:
    """A writer that adds to the file of *reader*, with which its output begins, what changes at *moment*."""
    writer = _Writer.from_reader(reader)
    writer._meta = _Metadata(moment)
    return writer


class Stamp(pyhanko.stamp.TextStamp):  # type: ignore[misc]  # as above
    """A text whose parameters are all given."""

    def get_default_text_params(self) -> dict[str, str]:
        return {}


class Style(pyhanko.stamp.TextStampStyle):  # type: ignore[misc]  # as above
    """The style of a :class:`Stamp`."""

    def create_stamp(self, writer: Any, box: Any, text_params: Any) -> Stamp:
        return Stamp(writer, self, text_params, box)


_SIZE = 10
"""Points; text is made smaller where it would not fit."""


class _Engines(pyhanko.font_api.FontEngineFactory):  # type: ignore[misc]  # as above
    """Makes pyHanko's engine for a font that is held in memory."""

    def __init__(self, data: bytes) -> None:
        self.data = data

    def create_font_engine(self, writer: Any, obj_stream: Any = None) -> Any:
        return pyhanko.opentype.GlyphAccumulator(writer, io.BytesIO(self.data), _SIZE, obj_stream=obj_stream)


def styled(text: str, font: bytes | None) -> Style:
    """The style of a stamp with *text* and the time, in *font* or in Courier."""
    template = text.replace("%", "%%") + "\n%(ts)s"
    if font is None:
        return Style(stamp_text=template)
    return Style(stamp_text=template, text_box_style=pyhanko.text.TextBoxStyle(font=_Engines(font), font_size=_SIZE))


def try_font(font: bytes, text: str) -> None:
    """Embed the letters of *text* into a file that is thrown away. It raises whatever a damaged font makes it raise."""
    writer = pyhanko.writer.PdfFileWriter()
    engine = _Engines(font).create_font_engine(writer)
    for line in text.splitlines():
        engine.shape(line)
    engine.as_resource()
    engine.prepare_write()
    writer.write(io.BytesIO())
