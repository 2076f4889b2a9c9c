"""Cards in memory that refuse as precisely as the card does; :mod:`mynacard.doors` lets other programs meet them."""

from typing import TYPE_CHECKING

from mynacard._lazy import names_from

if TYPE_CHECKING:
    from mynacard.simulator.individual.assembly import assemble
    from mynacard.simulator.individual.card import SecurityState, SimulatedCard
    from mynacard.simulator.individual.contents import DEFAULT_PINS, CardContents, KeyMaterial
    from mynacard.simulator.individual.holder import MIHON, Holder
    from mynacard.simulator.individual.persona import PERSONAS, Persona
    from mynacard.simulator.personas import AnyPersona, all_personas, persona
    from mynacard.simulator.traits import ATR_CONTACT, ATR_CONTACTLESS, Personality, Traits
else:
    __getattr__, __dir__ = names_from(
        __name__,
        {
            "mynacard.simulator.individual.assembly": "assemble",
            "mynacard.simulator.individual.card": "SecurityState SimulatedCard",
            "mynacard.simulator.individual.contents": "DEFAULT_PINS CardContents KeyMaterial",
            "mynacard.simulator.individual.holder": "MIHON Holder",
            "mynacard.simulator.individual.persona": "PERSONAS Persona",
            "mynacard.simulator.personas": "AnyPersona all_personas persona",
            "mynacard.simulator.traits": "ATR_CONTACT ATR_CONTACTLESS Personality Traits",
        },
    )

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
