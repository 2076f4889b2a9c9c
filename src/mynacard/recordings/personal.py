"""The personal data on the cards that mynacard knows: the rules of all applications, by which recordings are masked."""

from __future__ import annotations

from typing import Final

from mynacard.apdu.masking import ApplicationMask
from mynacard.jpki import masks as jpki
from mynacard.personal import masks as personal
from mynacard.residence import masks as residence

__all__ = ["PERSONAL"]

PERSONAL: Final[tuple[ApplicationMask, ...]] = (jpki.PERSONAL, *personal.PERSONAL, residence.PERSONAL)
"""All answers of an application without a rule here are masked."""
