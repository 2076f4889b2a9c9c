"""PINs as values: which PIN of a card it is, and what the card says about it."""

from __future__ import annotations

import re
from typing import TypeAlias

from mynacard._dataclasses import dataclass
from mynacard.apdu.status import StatusWord
from mynacard.pin import AtKeypad, Pin

__all__ = ["Blocked", "PinReference", "PinSecret", "PinStatus", "TriesLeft", "TriesUnknown", "Verified"]


@dataclass(frozen=True, slots=True)
class PinReference:
    """A PIN of an application: where it is, and what form it has.

    Attributes:
        label: its name for people (an English text that a catalogue may translate).
        key: the file identifier of its EF; its short identifier as well.
        tries: how many tries a card gives in all. Only the card knows how many are left.
        form: the pattern that the whole PIN must match.
        form_label: the form in words, for people.
        upper_case: whether the card stores its letters in upper case.
        name: its name on the command line and in the files of simulated cards: that of the application; for a number
            that is printed on the card, followed by '/' and the name of the number.
    """

    label: str
    key: int
    tries: int
    form: re.Pattern[bytes]
    form_label: str
    upper_case: bool = False
    name: str = ""

    @property
    def is_printed(self) -> bool:
        """Whether this is a number printed on the card, not a PIN that its holder chose."""
        return "/" in self.name


@dataclass(frozen=True, slots=True)
class TriesLeft:
    """*count* tries are left, 1..15. Real cards also say this when the PIN is already verified."""

    count: int


@dataclass(frozen=True, slots=True)
class TriesUnknown:
    """The card has the PIN and does not say how many tries are left ('6300')."""


@dataclass(frozen=True, slots=True)
class Verified:
    """The card says that no PIN is needed now ('9000'). It need not be our login, and says nothing about tries."""


@dataclass(frozen=True, slots=True)
class Blocked:
    """No tries are left; *status* is the word that said so."""

    status: StatusWord


PinSecret: TypeAlias = Pin | AtKeypad
"""A PIN, or the request to type it at the reader."""


PinStatus: TypeAlias = TriesLeft | TriesUnknown | Verified | Blocked
