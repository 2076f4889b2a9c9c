"""The personal data of a residence card, for recordings to mask: all that the number opens. Free files are shown."""

from __future__ import annotations

from typing import Final

from mynacard.apdu.commands import SFI_MAX
from mynacard.apdu.masking import MASTER_FILE, ApplicationMask, FileMask
from mynacard.residence.layout import Free

__all__ = ["PERSONAL"]

_SHOWN: Final = frozenset({Free.COMMON.sfi, Free.TYPE_1.sfi})

PERSONAL: Final = ApplicationMask(
    MASTER_FILE, tuple(FileMask(sfi) for sfi in range(1, SFI_MAX + 1) if sfi not in _SHOWN)
)
"""Two files of the MF are shown. The other DFs have no rules, so nothing of them is."""
