"""Individual Number Cards in memory."""

from mynacard.simulator.individual.assembly import assemble
from mynacard.simulator.individual.card import SecurityState, SimulatedCard
from mynacard.simulator.individual.contents import DEFAULT_PINS, CardContents, KeyMaterial
from mynacard.simulator.individual.holder import MIHON, Holder
from mynacard.simulator.individual.persona import PERSONAS, Persona

__all__ = [
    "DEFAULT_PINS",
    "MIHON",
    "PERSONAS",
    "CardContents",
    "Holder",
    "KeyMaterial",
    "Persona",
    "SecurityState",
    "SimulatedCard",
    "assemble",
]
