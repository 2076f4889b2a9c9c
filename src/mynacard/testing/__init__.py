"""For the tests of other projects: a pytest plugin, and the cards, readers and keys that its fixtures give.

pytest finds the plugin by itself if mynacard is installed (:mod:`mynacard.testing.plugin`); nothing here needs it.
The names below load their modules when they are first used: pytest imports this package at every start.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from mynacard._lazy import names_from

if TYPE_CHECKING:
    from mynacard.testing.cards import ApduCount, CardOptions, CardUnderTest, Count, count
    from mynacard.testing.login import web_eid_token
    from mynacard.testing.pki import SimulatedPki
    from mynacard.testing.reader_options import ReaderOptions
    from mynacard.testing.readers import Gesture, Narrows, ReaderUnderTest, reader_with
    from mynacard.testing.receivers import ReceiverUnderTest, receiver
    from mynacard.testing.residence import opened_residence_card
    from mynacard.testing.tsa import TimeStampAuthority
else:
    __getattr__, _ = names_from(
        __name__,
        {
            "mynacard.testing.cards": "ApduCount CardOptions CardUnderTest Count count",
            "mynacard.testing.login": "web_eid_token",
            "mynacard.testing.pki": "SimulatedPki",
            "mynacard.testing.reader_options": "ReaderOptions",
            "mynacard.testing.readers": "Gesture Narrows ReaderUnderTest reader_with",
            "mynacard.testing.receivers": "ReceiverUnderTest receiver",
            "mynacard.testing.residence": "opened_residence_card",
            "mynacard.testing.tsa": "TimeStampAuthority",
        },
    )

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
    "web_eid_token",
]


def __dir__() -> list[str]:
    modules = "cards login pki plugin reader_options readers receivers residence stamping tsa"
    return sorted({*__all__, *modules.split()})
