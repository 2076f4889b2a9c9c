"""The origin of a web page for people: its name in its own letters, what in them misleads, and whose it is.

Nothing here decides which page may ask; it only says what a holder should see. A name that cannot be shown in its own
letters without doubt stays in Punycode (RFC 3492), which misleads less.

Source: WHATWG URL §4.7 (origins); RFC 5892 §2.1 (the letters of names). Which Japanese letters pass for other signs
between Latin ones: Chromium, "Internationalized Domain Names in Google Chrome", 2024.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from typing import Final

from mynacard._dataclasses import dataclass
from mynacard.texts import N_, printable

__all__ = ["ShownOrigin", "shown"]

_ORIGIN: Final = re.compile(r"(?P<scheme>https?)://(?P<host>\[[0-9a-f:.]+\]|[a-z0-9.-]{1,253})(?P<port>:[0-9]{1,5})?")
_LOOPBACK: Final = frozenset({"localhost", "127.0.0.1", "[::1]"})
_LENGTH_MAX: Final = 300
_LABEL_MAX: Final = 63
_LONG: Final = 40
"""Characters of a host after which its end, which decides whose it is, is said once more."""
_END: Final = 30
_ACE: Final = "xn--"
_LETTERS: Final = frozenset({"Ll", "Lo", "Lm", "Mn", "Mc", "Nd"})
_JAPANESE: Final = frozenset({"CJK", "HIRAGANA", "KATAKANA", "KATAKANA-HIRAGANA", "IDEOGRAPHIC"})
_NO_SCRIPT: Final = frozenset({"DIGIT", "HYPHEN-MINUS", "COMBINING"})
_ORDINARY: Final = frozenset({"Latin", "Japanese"})
_NAMES: Final = (N_("Latin"), N_("Japanese"), N_("Cyrillic"), N_("Greek"))
"""The scripts that have a name in other languages."""
_JAPANESE_LETTER: Final = "\u3005-\u3007\u3041-\u30ff\u3400-\u9fff"
_LIKE_SIGNS: Final = re.compile(f"(?<![{_JAPANESE_LETTER}])[ノソゾン丶丿一ー・](?![{_JAPANESE_LETTER}])")
"""Letters that pass for a slash, a hyphen or a dot, unless they stand beside another Japanese one."""


@dataclass(frozen=True, slots=True)
class ShownOrigin:
    """An origin as a holder sees it.

    Attributes:
        text: the origin, its host in the letters of its own language.
        ascii: the origin as browsers send it, where that differs; else empty.
        end: the end of a long host name, as shown; else empty.
        here: whether it is a page on this computer.
        scripts: the scripts, by their English names, of a host that mixes or has unusual ones, or letters that look
            like signs; else empty.
    """

    text: str
    ascii: str = ""
    end: str = ""
    here: bool = False
    scripts: tuple[str, ...] = ()


def shown(origin: str) -> ShownOrigin:
    """*origin*, which a browser wrote, as a holder should see it. Any other text is shown as it is, in ASCII."""
    parts = _ORIGIN.fullmatch(origin)
    if parts is None:
        return ShownOrigin(printable(origin[:_LENGTH_MAX].encode("ascii", "backslashreplace").decode()))
    labels = [_in_letters(label) for label in parts["host"].split(".")]
    host = ".".join(labels)
    return ShownOrigin(
        text=f"{parts['scheme']}://{host}{parts['port'] or ''}",
        ascii=origin if host != parts["host"] else "",
        end=f"…{'.'.join(labels[-3:])[-_END:]}" if len(host) > _LONG else "",
        here=parts["host"] in _LOOPBACK or parts["host"].endswith(".localhost"),
        scripts=_misleading(labels),
    )


def _in_letters(label: str) -> str:
    """*label* with the letters that it stands for; as it is, if these are not a name's or are not its only form."""
    if not label.startswith(_ACE) or len(label) > _LABEL_MAX:
        return label
    encoded = label.removeprefix(_ACE)
    try:
        letters = encoded.encode("ascii").decode("punycode")
        same = letters.encode("punycode").decode("ascii") == encoded
    except (ValueError, OverflowError):  # UnicodeError is a ValueError
        return label
    usual = not letters.isascii() and unicodedata.normalize("NFKC", letters) == letters and all(map(_is_name, letters))
    return letters if same and usual else label


def _is_name(letter: str) -> bool:
    return unicodedata.category(letter) in _LETTERS or letter in "-・"


def _misleading(labels: Iterable[str]) -> tuple[str, ...]:
    """The scripts of the first of *labels* that mixes scripts which no language mixes, or has unusual ones."""
    for label in labels:
        scripts = {_script(letter) for letter in label} - {""}
        if not scripts <= _ORDINARY or (len(scripts) > 1 and _LIKE_SIGNS.search(label)):
            return tuple(sorted(scripts))
    return ()


def _script(letter: str) -> str:
    """The English name of the script of *letter*, empty for a digit, a hyphen or a mark on another letter."""
    first = unicodedata.name(letter, "UNKNOWN").split(" ")[0]
    if first in _NO_SCRIPT or letter in ".[]:":
        return ""
    return "Japanese" if first in _JAPANESE or letter == "・" else first.capitalize()
