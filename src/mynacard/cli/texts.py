"""Texts for people, in the language of the one who reads them.

The source is English; a catalogue ``mynacard`` in the package's ``locale`` folder, or in the one that
``MYNACARD_LOCALE`` names, translates.
"""

from __future__ import annotations

import gettext
import os
import unicodedata
from pathlib import Path
from typing import Final

__all__ = ["_", "plain"]

_FOLDER: Final = os.environ.get("MYNACARD_LOCALE") or str(Path(__file__).parents[1] / "locale")

_ = gettext.translation("mynacard", _FOLDER, fallback=True).gettext

_CONTROLLING: Final = frozenset({"Cc", "Cf", "Cs"})


def plain(text: str) -> str:
    """*text* in one line that commands no terminal: cards and files that anybody made have names in them, too."""
    return "".join(
        character.encode("unicode_escape").decode() if unicodedata.category(character) in _CONTROLLING else character
        for character in text
    )
