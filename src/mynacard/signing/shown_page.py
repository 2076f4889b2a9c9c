"""A page as it is shown: cropped, rotated and scaled. Places on it are in points from its lower left corner.

Source: ISO 32000-2 §7.7.3.3 (CropBox, MediaBox, Rotate, UserUnit), §7.7.3.4 (inheritance), §14.11.2 (page boundaries).
"""

from __future__ import annotations

import math
from typing import Any, Final

from mynacard._dataclasses import dataclass
from mynacard.trust import pyhanko

__all__ = ["Box", "ShownPage", "page_of", "rectangle_of"]

Box = tuple[float, float, float, float]
"""Left, bottom, right, top."""
_LEVELS_MAX: Final = 100
_UNIT_MAX: Final = 1_000_000
"""More than the 75,000 of which Acrobat makes 15 million inches."""
_SLACK: Final = 0.01
"""Points that arithmetic with decimals may be off."""


@dataclass(frozen=True, slots=True)
class ShownPage:
    """What is shown of a page.

    Attributes:
        box: the part of it that is shown, in its own coordinates.
        rotation: by how many degrees it is turned clockwise: 0, 90, 180 or 270.
        unit: how many points one unit of its coordinates has.
    """

    box: Box
    rotation: int
    unit: float

    @property
    def size(self) -> tuple[float, float]:
        """Width and height, in points, as it is shown."""
        left, bottom, right, top = self.box
        across, up = (right - left) * self.unit, (top - bottom) * self.unit
        return (up, across) if self.rotation in (90, 270) else (across, up)

    def shows(self, box: Box) -> bool:
        """Whether *box*, as it is shown, lies on the page and is not empty."""
        left, bottom, right, top = box
        width, height = self.size
        return -_SLACK <= left < right <= width + _SLACK and -_SLACK <= bottom < top <= height + _SLACK

    def to_page(self, box: Box) -> Box:
        """*box*, as it is shown, in the coordinates of the page."""
        corners = [self._point(x / self.unit, y / self.unit) for x, y in (box[:2], box[2:])]
        return _ordered(*corners[0], *corners[1])

    def _point(self, x: float, y: float) -> tuple[float, float]:
        left, bottom, right, top = self.box
        match self.rotation:
            case 90:
                return right - y, bottom + x
            case 180:
                return right - x, top - y
            case 270:
                return left + y, top - x
            case _:
                return left + x, bottom + y

    def to_shown(self, rectangle: Box) -> Box:
        """*rectangle*, in the coordinates of the page, as it is shown."""
        left, bottom, right, top = self.box
        shown: list[float] = []
        for x, y in (rectangle[:2], rectangle[2:]):
            match self.rotation:
                case 90:
                    point = y - bottom, right - x
                case 180:
                    point = right - x, top - y
                case 270:
                    point = top - y, x - left
                case _:
                    point = x - left, y - bottom
            shown += [part * self.unit for part in point]
        return _ordered(*shown)

    @property
    def upright(self) -> tuple[int, int, int, int, int, int]:
        """The matrix that turns what is drawn, so that it is upright where the page is turned."""
        turned = {90: (0, 1, -1, 0), 180: (-1, 0, 0, -1), 270: (0, -1, 1, 0)}.get(self.rotation, (1, 0, 0, 1))
        return (*turned, 0, 0)


def page_of(page: Any) -> ShownPage:
    """What is shown of *page*, a dictionary of pyHanko's.

    Raises:
        PdfReadError: pyHanko's, of a page without a size.
    """
    media = rectangle_of(_inherited(page, "/MediaBox"))
    crop = _inherited(page, "/CropBox")
    box = media if crop is None else _common(media, rectangle_of(crop))
    rotation = int(_inherited(page, "/Rotate") or 0)
    unit = float(page["/UserUnit"]) if "/UserUnit" in page else 1.0
    if not (box[0] < box[2] and box[1] < box[3] and rotation % 90 == 0 and 0 < unit <= _UNIT_MAX):
        raise pyhanko.misc.PdfReadError("A page has no size, or is turned by a part of a right angle")
    return ShownPage(box, rotation % 360, unit)


def rectangle_of(array: Any) -> Box:
    """The rectangle in *array*, whose corners may be any two opposite ones (ISO 32000-2 §7.9.5)."""
    numbers = [float(number.get_object()) for number in array]
    if len(numbers) != 4 or not all(map(math.isfinite, numbers)):
        raise pyhanko.misc.PdfReadError("A rectangle is not four numbers")
    return _ordered(*numbers)


def _ordered(x: float, y: float, x_2: float, y_2: float) -> Box:
    return min(x, x_2), min(y, y_2), max(x, x_2), max(y, y_2)


def _common(one: Box, other: Box) -> Box:
    return max(one[0], other[0]), max(one[1], other[1]), min(one[2], other[2]), min(one[3], other[3])


def _inherited(page: Any, key: str) -> Any:
    """The entry *key* of *page* or of what is above it; None if neither has it."""
    for _ in range(_LEVELS_MAX):
        if key in page and not isinstance(page[key], pyhanko.generic.NullObject):
            return page[key]
        if "/Parent" not in page:
            return None
        page = page["/Parent"]
    raise pyhanko.misc.PdfReadError("The tree of pages is too deep")
