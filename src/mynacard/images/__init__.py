"""Images on cards: which kinds there are; :mod:`~mynacard.images.decoding` decodes them, within bounds."""

from mynacard.images.kinds import Image, ImageKind

__all__ = ["Image", "ImageKind"]
