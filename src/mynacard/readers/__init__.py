"""Card readers over PC/SC: which are there, and the card on one of them. The only room that knows a PC/SC library."""

from mynacard.readers.deadlines import Deadlines
from mynacard.readers.events import Watch, card_lies_on, no_card_came, wait_for_card, wait_for_removal, watch
from mynacard.readers.ownership import Ownership
from mynacard.readers.pcsc import ReaderCard, ReaderState, list_readers

__all__ = [
    "Deadlines",
    "Ownership",
    "ReaderCard",
    "ReaderState",
    "Watch",
    "card_lies_on",
    "list_readers",
    "no_card_came",
    "wait_for_card",
    "wait_for_removal",
    "watch",
]
