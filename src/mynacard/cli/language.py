"""The language of the command line: that of ``--lang``, else of LANGUAGE, LC_ALL, LC_MESSAGES or LANG."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Mapping, Sequence
from typing import Final

from mynacard.texts import catalogue

__all__ = ["LANGUAGE", "LANGUAGES", "_", "chosen", "language_of"]


LANGUAGES: Final = ("en", "ja")


def chosen(arguments: Sequence[str]) -> str:
    """The language that ``--lang`` names among *arguments*, before or behind the command; empty if none does.

    Help texts are translated while the commands are loaded, which is before their options are parsed.
    """
    ours = arguments[: arguments.index("--")] if "--" in arguments else arguments
    options = re.findall(r"^--lang[=\n](.*)$", "\n".join(ours), re.MULTILINE)
    return next((language for language in options if language in LANGUAGES), "")


def language_of(environment: Mapping[str, str]) -> str:
    """The language that *environment* names, such as ``"ja"``; English if it names none."""
    names = ("LANGUAGE", "LC_ALL", "LC_MESSAGES", "LANG")
    chosen = next(filter(None, map(environment.get, names)), "")
    language = re.match("[a-z]+", chosen)  # ja_JP.UTF-8, but neither C nor POSIX
    return language[0] if language else "en"


LANGUAGE: Final = chosen(sys.argv[1:]) or language_of(os.environ)
"""The language of this process, read once."""

_ = catalogue(LANGUAGE).gettext
