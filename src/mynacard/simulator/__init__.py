"""Cards in memory that refuse as precisely as the card does; ``doors`` lets other programs meet them."""

from mynacard.simulator.assembly import assemble
from mynacard.simulator.card import SecurityState, SimulatedCard
from mynacard.simulator.contents import DEFAULT_PINS, CardContents, KeyMaterial
from mynacard.simulator.holder import MIHON, Holder
from mynacard.simulator.persona import ALL_PERSONAS, PERSONAS, AnyPersona, Persona, persona
from mynacard.simulator.residence import (
    RESIDENCE_PERSONAS,
    SIMULATED_CARD_NUMBER,
    ResidencePersona,
    SimulatedResidenceCard,
)
from mynacard.simulator.traits import ATR_CONTACT, ATR_CONTACTLESS, Personality, Traits

__all__ = [
    "ALL_PERSONAS",
    "AnyPersona",
    "RESIDENCE_PERSONAS",
    "SIMULATED_CARD_NUMBER",
    "ResidencePersona",
    "SimulatedResidenceCard",
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
    "assemble",
    "persona",
]
