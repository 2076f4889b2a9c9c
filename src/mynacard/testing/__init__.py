"""For the tests of other projects: a pytest plugin, and the cards, readers and keys that its fixtures give.

pytest finds the plugin by itself if mynacard is installed (:mod:`mynacard.testing.plugin`); nothing here needs it.
The names below load their modules when they are first used: pytest imports this package at every start.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from mynacard.testing.cards import ApduCount, CardOptions, CardUnderTest, Count, count
    from mynacard.testing.pki import SimulatedPki
    from mynacard.testing.reader_options import ReaderOptions
    from mynacard.testing.readers import Gesture, Narrows, ReaderUnderTest, reader_with
    from mynacard.testing.receivers import ReceiverUnderTest, receiver
    from mynacard.testing.residence import opened_residence_card
    from mynacard.testing.tsa import TimeStampAuthority

__all__ = [
    "ApduCount",
    "CardOptions",
    "CardUnderTest",
    "Count",
    "Gesture",
    "Narrows",
    "ReaderOptions",
    "ReaderUnderTest",
    "ReceiverUnderTest",
    "SimulatedPki",
    "TimeStampAuthority",
    "count",
    "opened_residence_card",
    "reader_with",
    "receiver",
]

_NAMES: Final = {
    "cards": ("ApduCount", "CardOptions", "CardUnderTest", "Count", "count"),
    "pki": ("SimulatedPki",),
    "reader_options": ("ReaderOptions",),
    "readers": ("Gesture", "Narrows", "ReaderUnderTest", "reader_with"),
    "receivers": ("ReceiverUnderTest", "receiver"),
    "residence": ("opened_residence_card",),
    "tsa": ("TimeStampAuthority",),
}
_HOMES: Final = {name: module for module, names in _NAMES.items() for name in names}


if not TYPE_CHECKING:  # a type checker would accept any name

    def __getattr__(name: str) -> object:
        if name not in _HOMES:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)


def __dir__() -> list[str]:
    return sorted({*__all__, *_NAMES, "plugin", "stamping"})
