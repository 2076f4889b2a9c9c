"""Opens the card that a name means, and gets its PIN or number from the holder."""

from typing import TYPE_CHECKING

from mynacard._lazy import names_from

if TYPE_CHECKING:
    from mynacard.opening.connection import CardConnection, OpeningOptions, connect_card, open_card
    from mynacard.opening.names import REPLAYED, SIMULATED, CardName, card_name, choose_reader
else:
    __getattr__, __dir__ = names_from(
        __name__,
        {
            "mynacard.opening.connection": "CardConnection OpeningOptions connect_card open_card",
            "mynacard.opening.names": "REPLAYED SIMULATED CardName card_name choose_reader",
        },
    )

__all__ = [
    "REPLAYED",
    "SIMULATED",
    "CardConnection",
    "CardName",
    "OpeningOptions",
    "card_name",
    "choose_reader",
    "connect_card",
    "open_card",
]
