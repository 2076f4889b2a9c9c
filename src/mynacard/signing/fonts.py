"""A font for the text of a visible signature; the letters that it uses are embedded. It needs the extra ``font``.

Source: ISO/IEC 14496-22 (OpenType): the tables ``head``, ``cmap`` and OS/2 (``fsType``: what its maker permits).
"""

from __future__ import annotations

import io
from dataclasses import field
from pathlib import Path
from typing import Any, Final

from mynacard._dataclasses import dataclass
from mynacard.errors import MissingExtraError, UsageError
from mynacard.texts import N_
from mynacard.trust import asn1

__all__ = ["FONT_MAX", "NEEDS", "Font"]

FONT_MAX: Final = 0x400_0000
"""The most bytes of a font file; those with all of Japanese have up to 20 MB."""
NEEDS: Final = ("fontTools", "uharfbuzz")
_NOT_EMBEDDED: Final = 0x0302
"""Bits of fsType: restricted licence, no subsetting, bitmaps only."""
_SINGLE: Final = (b"\x00\x01\x00\x00", b"OTTO", b"true")
_DAMAGED: Final = N_("This font cannot be used: it is damaged, or is not what it says.")
_UNITS: Final = 1000
_subset: Final[Any] = asn1.OnUse("fontTools.subset")
_scaling: Final[Any] = asn1.OnUse("fontTools.ttLib.scaleUpem")
_tools: Final[Any] = asn1.OnUse("fontTools.ttLib")
_pens: Final[Any] = asn1.OnUse("fontTools.pens.boundsPen")
_updating: Final[Any] = asn1.OnUse("mynacard.signing.updating")


@dataclass(frozen=True, slots=True)
class Font:
    """A TrueType or OpenType font.

    Attributes:
        data: the font file.
    """

    data: bytes = field(repr=False)

    @classmethod
    def load(cls, path: Path) -> Font:
        """The font in the file *path*.

        Raises:
            UsageError: it is longer than :data:`FONT_MAX`.
            OSError: it cannot be read.
        """
        with path.open("rb") as file:
            data = file.read(FONT_MAX + 1)
        if len(data) > FONT_MAX:
            raise UsageError(N_("This font file is longer than {most} bytes."), most=FONT_MAX)
        return cls(data)

    def check(self, text: str) -> None:
        """Check that *text* can be written with it: a subset is made once.

        Raises:
            MissingExtraError: fontTools or uharfbuzz is not installed.
            UsageError: it is not a single font, is damaged, may not be embedded, or does not have a letter of *text*.
        """
        MissingExtraError.check(NEEDS, "font")
        if not self.data.startswith(_SINGLE):
            raise UsageError(N_("This is not a single TrueType or OpenType font; of a collection, take one font out."))
        try:
            missing, permitted = self._missing(text), self._permitted()
        except Exception:  # fontTools raises anything at all for damaged fonts
            raise UsageError(_DAMAGED) from None
        if not permitted:
            raise UsageError(N_("This font does not permit that a part of it is embedded (OS/2 fsType)."))
        if missing:
            raise UsageError(N_("This font does not have {letters}."), letters=" ".join(missing))
        try:
            _updating.try_font(self.part(text), text)
        except Exception:  # as above, and HarfBuzz
            raise UsageError(_DAMAGED) from None

    def part(self, text: str) -> bytes:
        """A font with only the letters of *text*, of 1000 units per em: pyHanko takes its widths for thousandths."""
        font = _tools.TTFont(io.BytesIO(self.data))
        subsetter = _subset.Subsetter(_subset.Options(layout_features=[], notdef_outline=True))
        subsetter.populate(text=text)
        subsetter.subset(font)
        _scaling.scale_upem(font, _UNITS)
        output = io.BytesIO()
        font.save(output)
        return output.getvalue()

    def _missing(self, text: str) -> list[str]:
        """The letters of *text* for which it has no glyph, or one that shows nothing."""
        font = _tools.TTFont(io.BytesIO(self.data))
        names, glyphs = font.getBestCmap(), font.getGlyphSet()
        if not 16 <= font["head"].unitsPerEm <= 16384:
            raise ValueError
        missing: list[str] = []
        for letter in sorted({*text} - {"\n"}):
            name = names.get(ord(letter))
            if name is None or name == ".notdef" or not (letter.isspace() or _draws(glyphs, name)):
                missing.append(letter)
        return missing

    def _permitted(self) -> bool:
        font = _tools.TTFont(io.BytesIO(self.data))
        return not font["OS/2"].fsType & _NOT_EMBEDDED


def _draws(glyphs: Any, name: str) -> bool:
    pen = _pens.BoundsPen(glyphs)
    glyphs[name].draw(pen)
    return pen.bounds is not None
