"""Texts for people: English in the source, marked so that a catalogue can translate them."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Mapping
from typing import Final, Protocol, runtime_checkable

__all__ = ["N_", "Translatable", "printable", "sentence"]

_COMMANDING: Final = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})
"""Unicode's categories: controls, formats, surrogates, separators of lines and paragraphs."""


def N_(template: str) -> str:  # noqa: N802  # the name by which gettext's tools know it
    """*template* unchanged: marks a text for people, so that the message catalogue finds it."""
    return template


def printable(text: str) -> str:
    """*text* in one line that commands no terminal: what would is written as Python's escapes; Japanese stays."""
    return "".join(
        character.encode("unicode_escape").decode() if unicodedata.category(character) in _COMMANDING else character
        for character in text
    )


@runtime_checkable
class Translatable(Protocol):
    """What can tell itself in another language: a whole sentence, such as an error."""

    def text(self, translate: Callable[[str], str] = str) -> str:
        """The sentence, its template passed through *translate* (a ``gettext``) first."""
        ...


def sentence(template: str, details: Mapping[str, object], translate: Callable[[str], str] = str) -> str:
    """*template* with its *details*, both passed through *translate* (a ``gettext``)."""
    return translate(template).format(**{name: _translated(detail, translate) for name, detail in details.items()})


def _translated(detail: object, translate: Callable[[str], str]) -> object:
    """*detail* as it goes into a sentence: some are texts themselves (which PIN, which form), some whole errors."""
    if isinstance(detail, str):
        return translate(detail) if detail else detail
    return detail.text(translate) if isinstance(detail, Translatable) else detail
