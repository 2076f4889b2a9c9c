"""Texts for people: English in the source, marked so that a catalogue can translate them, and safe to print."""

from __future__ import annotations

import gettext
import unicodedata
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cache
from importlib import resources
from typing import Final, Protocol, runtime_checkable

__all__ = ["N_", "Sentence", "Translatable", "catalogue", "moment", "printable"]

_NOT_PRINTABLE: Final = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})
"""Unicode's categories: control, format (text that turns round, too), half a character, ends of lines."""


def N_(template: str) -> str:  # noqa: N802  # the name by which gettext's tools know it
    """*template* unchanged: marks a text for people, so that the message catalogue finds it."""
    return template


@runtime_checkable
class Translatable(Protocol):
    """What can tell itself in another language: a whole sentence, such as an error."""

    def text(self, translate: Callable[[str], str] = str) -> str:
        """The sentence, its template passed through *translate* (a ``gettext``) first."""
        ...


@dataclass(frozen=True, slots=True)
class Sentence:
    """A text for people.

    Attributes:
        template: English, with ``{names}`` where details go.
        details: what goes there. Texts and whole sentences among them are translated, too.
    """

    template: str
    details: Mapping[str, object] = field(default_factory=dict[str, object])

    def text(self, translate: Callable[[str], str] = str) -> str:
        """The sentence, its template passed through *translate* (a ``gettext``) first."""
        details = {name: _translated(detail, translate) for name, detail in self.details.items()}
        return str(_translated(self.template, translate)).format(**details)


def _translated(part: object, translate: Callable[[str], str]) -> object:
    """*part* as it goes into a sentence. A catalogue has its own header at the empty text."""
    if isinstance(part, str):
        return translate(part) if part else part
    return part.text(translate) if isinstance(part, Translatable) else part


def printable(text: str) -> str:
    """*text* on one line that commands no terminal: anyone can put a name on a card or into a file."""
    return "".join(
        character.encode("unicode_escape").decode() if unicodedata.category(character) in _NOT_PRINTABLE else character
        for character in text
    )


def moment(time: datetime) -> str:
    """*time*, which knows its time zone, in UTC and to the second."""
    return time.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S UTC")


@cache
def catalogue(language: str) -> gettext.NullTranslations:
    """The translations into *language* (``"ja"``); the English texts themselves where there are none."""
    file = resources.files("mynacard").joinpath("locale", language, "LC_MESSAGES", "mynacard.mo")
    if not file.is_file():
        return gettext.NullTranslations()
    with file.open("rb") as stream:
        return gettext.GNUTranslations(stream)
