"""The language of the command line: the first that LANGUAGE, LC_ALL, LC_MESSAGES or LANG names, as gettext has it."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from typing import Final

from mynacard.texts import catalogue

__all__ = ["LANGUAGE", "_", "language_of"]


def language_of(environment: Mapping[str, str]) -> str:
    """The language in *environment*, as ``"ja"``; English where none is named."""
    names = ("LANGUAGE", "LC_ALL", "LC_MESSAGES", "LANG")
    chosen = next(filter(None, map(environment.get, names)), "")
    language = re.match("[a-z]+", chosen)  # ja_JP.UTF-8, but neither C nor POSIX
    return language[0] if language else "en"


LANGUAGE: Final = language_of(os.environ)
"""That of this process; read once."""

_ = catalogue(LANGUAGE).gettext
