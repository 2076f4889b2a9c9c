"""Images from cards, decoded by Pillow (the extra ``images``), within bounds.

The size that an image declares is checked before it is decoded: a few bytes can ask for gigabytes. Only the format that
the first bytes show is tried.

Source: TIFF 6.0 §3 and §11 (compression 4 is ITU-T T.6); ISO/IEC 15444-1:2019 §A.5.1 (SIZ), §I.5.3.1 (image header).
"""

from __future__ import annotations

import io
import struct
from typing import TYPE_CHECKING, Final

from mynacard.errors import CardDataError, MissingExtraError
from mynacard.images import Image, ImageKind
from mynacard.texts import N_

if TYPE_CHECKING:
    from PIL.Image import Image as Picture

__all__ = ["DOTS_MAX", "decode", "png"]

DOTS_MAX: Final = {
    ImageKind.TIFF: 4_000_000,
    ImageKind.PNG: 1_000_000,
    ImageKind.JPEG: 1_000_000,
    ImageKind.JPEG_2000: 1_000_000,
}
"""The most dots that an image may have. A card's front at 600 dots an inch has 2.6 million; real images are unknown."""

_FORMATS: Final = {
    ImageKind.TIFF: "TIFF", ImageKind.PNG: "PNG", ImageKind.JPEG: "JPEG", ImageKind.JPEG_2000: "JPEG2000",
}  # fmt: skip
_MMR: Final = "group4"
_UNDECODABLE: Final = (
    OSError, SyntaxError, ValueError, TypeError, LookupError, ArithmeticError, AttributeError, AssertionError,
    RuntimeError, MemoryError, struct.error, Warning,
)  # fmt: skip
"""Everything that Pillow raises for bytes that are not an image; warnings, where a program turns them into errors."""
_CODESTREAM: Final = bytes.fromhex("FF4FFF51")
"""How a JPEG 2000 codestream begins: SOC, SIZ."""
_SIZ: Final = struct.Struct(">HHIIIIIIIIH")
_COMPONENTS_MAX: Final = 4


def decode(image: Image) -> Picture:
    """*image*, decoded; filler after it is ignored.

    Raises:
        MissingExtraError: Pillow is not installed.
        CardDataError: *image* is not of a known kind, declares too many dots, or is damaged.
    """
    try:
        from PIL import Image as pillow  # noqa: PLC0415, N813  # an extra, and a large one
    except ImportError:
        raise MissingExtraError("Pillow", "images") from None
    kind = image.kind
    if kind is None:
        raise _error(image, N_("It does not begin like a known kind of image."))
    if kind is ImageKind.JPEG_2000:
        _check_codestream(image)
    try:
        picture = pillow.open(io.BytesIO(image.content), formats=[_FORMATS[kind]])
        _check_size(image, kind, picture.size)
        if kind is ImageKind.TIFF and picture.info.get("compression") != _MMR:
            raise _error(image, N_("It is not compressed as MMR."))
        picture.load()
    except (*_UNDECODABLE, pillow.DecompressionBombError):
        raise _error(image, N_("It cannot be decoded.")) from None
    return picture


def png(image: Image) -> bytes:
    """*image* as PNG.

    Raises:
        MissingExtraError, CardDataError: as :func:`decode`.
    """
    picture = decode(image)
    out = io.BytesIO()
    picture.save(out, "PNG")
    return out.getvalue()


def _check_size(image: Image, kind: ImageKind, size: tuple[int, int]) -> None:
    width, height = size
    if width < 1 or height < 1 or width * height > DOTS_MAX[kind]:
        raise _error(image, N_("It declares a size of {width} by {height} dots."), width=width, height=height)


def _check_codestream(image: Image) -> None:
    """Check the size in the codestream, which the decoder goes by: the size in the file around it may differ."""
    start = image.content.find(_CODESTREAM) + len(_CODESTREAM)
    try:
        _, _, right, bottom, left, top, _, _, _, _, components = _SIZ.unpack_from(image.content, start)
    except struct.error:
        raise _error(image, N_("It cannot be decoded.")) from None
    if start < len(_CODESTREAM) or not 1 <= components <= _COMPONENTS_MAX:
        raise _error(image, N_("It cannot be decoded."))
    _check_size(image, ImageKind.JPEG_2000, (right - left, bottom - top))


def _error(image: Image, problem: str, **details: object) -> CardDataError:
    reason = CardDataError(problem, **details)
    return CardDataError(N_("The {image} cannot be shown. {problem}"), image=image.name, problem=reason)
