"""Images on cards: the format that each should have, and the one it seems to have. Nothing is decoded here."""

from __future__ import annotations

from dataclasses import field
from enum import StrEnum

from mynacard._dataclasses import dataclass

__all__ = ["Image", "ImageKind"]


class ImageKind(StrEnum):
    """An image format."""

    PNG = "png"
    JPEG = "jpg"
    JPEG_2000 = "jp2"
    TIFF = "tif"

    @property
    def signatures(self) -> tuple[bytes, ...]:
        """The bytes that a file of this format can begin with.

        Source: ISO/IEC 15948:2004 §5.2; ISO/IEC 10918-1:1994 §B.1.1.3 (SOI, and the marker after it);
        ISO/IEC 15444-1:2019 §I.5.1; TIFF 6.0 §2, both byte orders.
        """
        return {
            ImageKind.PNG: (bytes.fromhex("89504E470D0A1A0A"),),
            ImageKind.JPEG: (bytes.fromhex("FFD8FF"),),
            ImageKind.JPEG_2000: (bytes.fromhex("0000000C6A5020200D0A870A"),),
            ImageKind.TIFF: (b"II*\x00", b"MM\x00*"),
        }[self]


@dataclass(frozen=True, slots=True)
class Image:
    """An image in a file of a card.

    Attributes:
        name: its name for people.
        wanted: the format it should have.
        content: its bytes.
    """

    name: str
    wanted: ImageKind
    content: bytes = field(repr=False)

    @property
    def kind(self) -> ImageKind | None:
        """The format that its first bytes show; None where it is empty or they show none."""
        return next((kind for kind in ImageKind if self.content.startswith(kind.signatures)), None)

    @property
    def sound(self) -> bool:
        """Whether it begins like the format it should have. The rest may still be damaged."""
        return self.kind is self.wanted
