"""The language of the command line: the first that LANGUAGE, LC_ALL, LC_MESSAGES or LANG names, as in gettext."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from typing import Final

from mynacard.texts import catalogue

__all__ = ["LANGUAGE", "_", "language_of"]


def language_of(environment: Mapping[str, str]) -> str:
    """The language that *environment* names, such as ``"ja"``; English if it names none."""
    names = ("LANGUAGE", "LC_ALL", "LC_MESSAGES", "LANG")
    chosen = next(filter(None, map(environment.get, names)), "")
    language = re.match("[a-z]+", chosen)  # ja_JP.UTF-8, but neither C nor POSIX
    return language[0] if language else "en"


LANGUAGE: Final = language_of(os.environ)
"""The language of this process, read once."""

_ = catalogue(LANGUAGE).gettext
