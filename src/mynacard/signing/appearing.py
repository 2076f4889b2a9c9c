"""How a signature looks on a page, and where.

Source: ISO 32000-2 §12.5.5 (an appearance is fitted into the rectangle of its annotation), §12.7.5.5.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final

from mynacard._dataclasses import dataclass
from mynacard.errors import UsageError
from mynacard.signing.fonts import Font
from mynacard.signing.shown_page import Box, ShownPage, page_of, rectangle_of
from mynacard.texts import N_
from mynacard.trust import asn1, pyhanko

__all__ = ["DEFAULT_TEXT", "Appearance", "Placed", "PlacedAt", "of_field", "of_page"]

DEFAULT_TEXT: Final = N_("Signed with an Individual Number Card")
_TIME: Final = "%Y-%m-%d %H:%M:%S %z"
"""Digits only: the names of time zones are the system's, and of any characters."""
_TIME_LETTERS: Final = "0123456789-:+ "
_updating: Final[Any] = asn1.OnUse("mynacard.signing.updating")


@dataclass(frozen=True, slots=True)
class Appearance:
    """How a signature looks on the page: a text and the time. It proves nothing.

    Attributes:
        page: the page, counted from 1.
        box: left, bottom, right, top, in points of 1/72 inch from the lower left corner of the page as it is shown:
            turned (Rotate), cropped (CropBox) and scaled (UserUnit).
        text: what it says: printable ASCII, or with *font* what that has. The holder's data are not added to it.
        font: the font for the text and the time; None for Courier, which is not embedded.
    """

    page: int = 1
    box: tuple[int, int, int, int] = (36, 36, 256, 76)
    text: str = DEFAULT_TEXT
    font: Font | None = None

    def check(self) -> None:
        """Check what does not depend on the file.

        Raises:
            MissingExtraError: *font* needs fontTools and uharfbuzz.
            UsageError: the box is empty, the text is not printable, or the font does not have it.
        """
        left, bottom, right, top = self.box
        if not (left < right and bottom < top):
            raise UsageError(N_("The box of a signature is given by its left, bottom, right and top."))
        if not self.text.replace("\n", "").isprintable():
            raise UsageError(N_("The text of a signature must be printable."))
        if self.font is not None:
            self.font.check(f"{self.text}\n{_TIME_LETTERS}")
        elif not self.text.isascii():
            raise UsageError(
                N_("The text of a signature must be printable ASCII, unless there is a font for it (--font).")
            )


@dataclass(frozen=True, slots=True)
class Placed:
    """An appearance with its place, which pyHanko applies to an annotation.

    Attributes:
        appearance: the appearance.
        shown: what is shown of its page.
        box: its place there, in points.
    """

    appearance: Appearance
    shown: ShownPage
    box: Box

    @property
    def rectangle(self) -> Box:
        """Its place in the coordinates of the page."""
        return self.shown.to_page(self.box)

    def at(self, moment: datetime) -> PlacedAt:
        """The same with the time that it shows."""
        return PlacedAt(self, moment)


@dataclass(frozen=True, slots=True)
class PlacedAt:
    """What pyHanko calls to draw an appearance."""

    placed: Placed
    moment: datetime

    def apply(self, annotation: Any, writer: Any) -> None:
        """Draw it; its size is in points, and a reader fits it into the rectangle."""
        left, bottom, right, top = self.placed.box
        size = pyhanko.layout.BoxConstraints(width=right - left, height=top - bottom)
        text, font = self.placed.appearance.text, self.placed.appearance.font
        style = _updating.styled(text, None if font is None else font.part(f"{text}{_TIME_LETTERS}"))
        stamp = style.create_stamp(writer, size, {"ts": self.moment.strftime(_TIME)})
        stamp.apply_appearance(annotation)
        matrix = map(pyhanko.generic.NumberObject, self.placed.shown.upright)
        annotation["/AP"]["/N"]["/Matrix"] = pyhanko.generic.ArrayObject(matrix)
        writer.update_container(annotation)


def of_page(reader: Any, appearance: Appearance) -> Placed:
    """*appearance* in a new field.

    Raises:
        UsageError: the page does not exist, or does not show the box.
    """
    pages = int(reader.root["/Pages"]["/Count"])
    if not 1 <= appearance.page <= pages:
        raise UsageError(N_("The file has {pages} pages, and no page {page}."), pages=pages, page=appearance.page)
    shown = page_of(reader.find_page_for_modification(appearance.page - 1)[0].get_object())
    if not shown.shows(appearance.box):
        width, height = map(round, shown.size)
        raise UsageError(
            N_(
                "The box {box} is not on page {page}, which shows {width} by {height} points. Choose a place on it"
                " (--place)."
            ),
            box=",".join(map(str, appearance.box)),
            page=appearance.page,
            width=width,
            height=height,
        )
    return Placed(appearance, shown, appearance.box)


def of_field(reader: Any, name: str, field: Any, appearance: Appearance) -> Placed:
    """*appearance* in the field *name*, which the file has, and which keeps its place.

    Raises:
        UsageError: the field has no place on the page that is shown.
    """
    annotation = pyhanko.form_tools.get_single_field_annot(field)
    page = _page_with(reader, annotation) if "/Rect" in annotation else None
    if page is not None:
        shown = page_of(page)
        box = shown.to_shown(rectangle_of(annotation["/Rect"]))
        if shown.shows(box):
            return Placed(appearance, shown, box)
    raise UsageError(N_("The field {field} has no place on a page that is shown: it cannot be visible."), field=name)


def _page_with(reader: Any, annotation: Any) -> Any:
    """The page of *annotation*; None if it is on none."""
    if "/P" in annotation and isinstance(annotation["/P"], pyhanko.generic.DictionaryObject):
        return annotation["/P"]
    for number in range(int(reader.root["/Pages"]["/Count"])):
        page = reader.find_page_for_modification(number)[0].get_object()
        if "/Annots" in page and any(entry.get_object() is annotation for entry in page["/Annots"]):
            return page
    return None
