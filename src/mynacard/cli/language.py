"""The language of the command line: that of ``--lang``, else of LANGUAGE, LC_ALL, LC_MESSAGES or LANG."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Sequence
from typing import Final

from mynacard.texts import catalogue, language_of

__all__ = ["LANGUAGE", "LANGUAGES", "_", "chosen"]


LANGUAGES: Final = ("en", "ja")


def chosen(arguments: Sequence[str]) -> str:
    """The language that ``--lang`` names among *arguments*, before or behind the command; empty if none does.

    Help texts are translated while the commands are loaded, which is before their options are parsed.
    """
    ours = arguments[: arguments.index("--")] if "--" in arguments else arguments
    options = re.findall(r"^--lang[=\n](.*)$", "\n".join(ours), re.MULTILINE)
    return next((language for language in options if language in LANGUAGES), "")


LANGUAGE: Final = chosen(sys.argv[1:]) or language_of(os.environ)
"""The language of this process, read once."""

_ = catalogue(LANGUAGE).gettext
