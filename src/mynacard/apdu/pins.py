"""What a PIN is on a card, and what the card says of it: values alone."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TypeAlias

from mynacard.apdu.status import StatusWord
from mynacard.pin import AtKeypad, Pin

__all__ = ["Blocked", "PinReference", "PinSecret", "PinStatus", "TriesLeft", "TriesUnknown", "Verified"]


@dataclass(frozen=True, slots=True)
class PinReference:
    """A PIN of an application: where it is, and what form it has.

    Attributes:
        label: its name for people (an English text that a catalogue may translate).
        key: the file identifier of its EF; its short identifier as well.
        tries: how many tries a card gives when none is spent. What is left, only the card knows.
        form: what the bytes of the PIN must match, whole.
        form_label: the same for people.
        upper_case: whether the card keeps its letters in upper case.
        name: its name on the command line and in the files of simulated cards: the application's, and with a '/' which
            number, where it is one that is printed on the card.
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
        """Whether it is a number that is printed on the card."""
        return "/" in self.name


@dataclass(frozen=True, slots=True)
class TriesLeft:
    """*count* tries are left, 1..15. Real cards say this also when the PIN is verified already."""

    count: int


@dataclass(frozen=True, slots=True)
class TriesUnknown:
    """The card takes the PIN and does not count aloud ('6300')."""


@dataclass(frozen=True, slots=True)
class Verified:
    """The card says that no PIN is needed now ('9000'). It is no login of ours, and says nothing about tries."""


@dataclass(frozen=True, slots=True)
class Blocked:
    """No tries are left; *status* is the word that said so."""

    status: StatusWord


PinSecret: TypeAlias = Pin | AtKeypad
"""A PIN, or that it is typed at the reader."""


PinStatus: TypeAlias = TriesLeft | TriesUnknown | Verified | Blocked
