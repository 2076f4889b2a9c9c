"""Cards in memory that refuse as precisely as the card does; ``doors`` lets other programs meet them."""

from mynacard.simulator.card import SecurityState, SimulatedCard
from mynacard.simulator.holder import MIHON, Holder
from mynacard.simulator.personalisation import DEFAULT_PINS, CardContents, KeyMaterial, assemble
from mynacard.simulator.traits import ATR_CONTACT, ATR_CONTACTLESS, Personality, Traits

__all__ = [
    "ATR_CONTACT",
    "ATR_CONTACTLESS",
    "DEFAULT_PINS",
    "MIHON",
    "CardContents",
    "Holder",
    "KeyMaterial",
    "Personality",
    "SecurityState",
    "SimulatedCard",
    "Traits",
    "assemble",
]
