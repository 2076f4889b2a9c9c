"""Cards in memory that refuse as precisely as the card does; ``doors`` lets other programs meet them."""

from mynacard.simulator.assembly import assemble
from mynacard.simulator.card import SecurityState, SimulatedCard
from mynacard.simulator.contents import DEFAULT_PINS, CardContents, KeyMaterial
from mynacard.simulator.holder import MIHON, Holder
from mynacard.simulator.persona import PERSONAS, AnyPersona, Persona, all_personas, persona
from mynacard.simulator.traits import ATR_CONTACT, ATR_CONTACTLESS, Personality, Traits

__all__ = [
    "AnyPersona",
    "ATR_CONTACT",
    "ATR_CONTACTLESS",
    "DEFAULT_PINS",
    "MIHON",
    "PERSONAS",
    "CardContents",
    "Holder",
    "KeyMaterial",
    "Persona",
    "Personality",
    "SecurityState",
    "SimulatedCard",
    "Traits",
    "all_personas",
    "assemble",
    "persona",
]
