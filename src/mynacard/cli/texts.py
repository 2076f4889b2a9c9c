"""Texts for people, in the language of the one who reads them.

The source is English; a catalogue ``mynacard`` in the package's ``locale`` folder, or in the one that
``MYNACARD_LOCALE`` names, translates.
"""

from __future__ import annotations

import gettext
import os
from pathlib import Path
from typing import Final

__all__ = ["_"]

_FOLDER: Final = os.environ.get("MYNACARD_LOCALE") or str(Path(__file__).parents[1] / "locale")

_ = gettext.translation("mynacard", _FOLDER, fallback=True).gettext
