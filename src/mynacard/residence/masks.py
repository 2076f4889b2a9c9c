"""The personal data of a residence card, for recordings to mask: all that the number opens. Free files are shown."""

from __future__ import annotations

from typing import Final

from mynacard.apdu.masking import MASTER_FILE, ApplicationMask
from mynacard.residence.layout import Free

__all__ = ["PERSONAL"]

PERSONAL: Final = ApplicationMask(MASTER_FILE, shown=frozenset({Free.COMMON.sfi, Free.TYPE_1.sfi}))
"""Two files of the MF are shown. The other DFs have no rules, so nothing of them is."""
