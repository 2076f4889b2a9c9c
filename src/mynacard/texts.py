"""Texts for people: English in the source, marked so that a catalogue can translate them, and safe to print."""

from __future__ import annotations

import codecs
import re
import unicodedata
from collections.abc import Callable, Mapping
from dataclasses import field
from datetime import UTC, datetime
from functools import cache
from typing import TYPE_CHECKING, Final, Protocol, runtime_checkable

from mynacard._dataclasses import dataclass

if TYPE_CHECKING:
    import gettext

__all__ = [
    "N_",
    "Sentence",
    "Translatable",
    "catalogue",
    "json_text",
    "language_of",
    "lines_printable",
    "moment",
    "printable",
    "unmarked",
]

_NOT_PRINTABLE: Final = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})
"""Unicode categories: control, format (which can reverse text), surrogate, line and paragraph separator."""


def N_(template: str) -> str:  # noqa: N802  # the name by which gettext's tools know it
    """*template* unchanged: marks a text for people, so that the message catalogue finds it."""
    return template


@runtime_checkable
class Translatable(Protocol):
    """A whole sentence that can be put into another language, such as an error."""

    def text(self, translate: Callable[[str], str] = str) -> str:
        """The sentence, after its template has passed through *translate* (a ``gettext``)."""
        ...


@dataclass(frozen=True, slots=True)
class Sentence:
    """A text for people.

    Attributes:
        template: English, with ``{names}`` where details go.
        details: the values for these names. Texts and whole sentences among them are translated, too.
    """

    template: str
    details: Mapping[str, object] = field(default_factory=dict[str, object])

    def text(self, translate: Callable[[str], str] = str) -> str:
        """The sentence, after its template has passed through *translate* (a ``gettext``)."""
        details = {name: _translated(detail, translate) for name, detail in self.details.items()}
        return str(_translated(self.template, translate)).format(**details)

    def __str__(self) -> str:
        return self.text()


def _translated(part: object, translate: Callable[[str], str]) -> object:
    """*part* as it goes into a sentence. An empty text stays empty: catalogues keep their header under it."""
    if isinstance(part, str):
        return translate(part) if part else part
    return part.text(translate) if isinstance(part, Translatable) else part


class _Path(Protocol):
    def __fspath__(self) -> str: ...


def printable(text: str | _Path) -> str:
    """*text* on one line, with nothing that a terminal obeys: anyone can put a name on a card or into a file."""
    return "".join(
        character.encode("unicode_escape").decode() if _is_obeyed(character) else character
        for character in (text if isinstance(text, str) else text.__fspath__())
    )


def lines_printable(text: str) -> str:
    """The lines of *text*, each of them as :func:`printable` makes it."""
    return "\n".join(map(printable, text.split("\n")))


def json_text(document: object, *, indent: int | None = None, ascii_only: bool = False) -> str:
    """*document* in JSON: letters of any script as they are, control and format characters and surrogates escaped.

    Args:
        document: anything that :func:`json.dumps` takes.
        indent: spaces for each level; None for a single line.
        ascii_only: escape all that is not ASCII, for a stream that may have nothing else.
    """
    import json  # noqa: PLC0415  # few commands print any

    text = json.dumps(document, indent=indent, ensure_ascii=ascii_only)
    return "".join(  # a control character outside of a string is one of the newlines that *indent* asks for
        json.dumps(character)[1:-1] if _is_obeyed(character) and character != "\n" else character for character in text
    )


def _is_obeyed(character: str) -> bool:
    return not character.isprintable() and unicodedata.category(character) in _NOT_PRINTABLE


_WIDE: Final = ((codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF16_BE, "utf-16-be"))


def unmarked(content: bytes) -> bytes:
    """The *content* of a text file, in UTF-8, without the byte order mark that editors put before it.

    Windows' Notepad writes a mark before UTF-8; it, and PowerShell's redirection, write UTF-16 with one. Anything else
    stays as it is: DER, ASCII, UTF-8.
    """
    for mark, encoding in _WIDE:
        if content.startswith(mark):
            return content.removeprefix(mark).decode(encoding, "replace").encode()
    return content.removeprefix(codecs.BOM_UTF8)


def moment(time: datetime) -> str:
    """*time*, which has a time zone, in UTC and to the second."""
    return time.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S UTC")


def language_of(environment: Mapping[str, str]) -> str:
    """The language that *environment* names, such as ``"ja"``; English if it names none."""
    names = ("LANGUAGE", "LC_ALL", "LC_MESSAGES", "LANG")
    chosen = next(filter(None, map(environment.get, names)), "")
    language = re.match("[a-z]+", chosen)  # ja_JP.UTF-8, but neither C nor POSIX
    return language[0] if language else "en"


@cache
def catalogue(language: str) -> gettext.NullTranslations:
    """The translations into *language* (``"ja"``); where there are none, texts stay in English."""
    import gettext  # noqa: PLC0415  # who only makes sentences does not wait for it
    from pkgutil import get_data  # noqa: PLC0415  # likewise; importlib.resources takes as long as click

    try:
        content = get_data("mynacard", f"locale/{language}/LC_MESSAGES/mynacard.mo")
    except OSError:
        content = None
    return gettext.NullTranslations() if content is None else gettext.GNUTranslations(_File(content))


class _File(bytes):
    """The content of a file, as gettext reads one."""

    def read(self) -> bytes:
        return bytes(self)
