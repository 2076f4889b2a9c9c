"""Individual Number Cards in memory."""

from typing import TYPE_CHECKING

from mynacard._lazy import names_from

if TYPE_CHECKING:
    from mynacard.simulator.individual.assembly import assemble
    from mynacard.simulator.individual.card import SecurityState, SimulatedCard
    from mynacard.simulator.individual.contents import DEFAULT_PINS, CardContents, KeyMaterial
    from mynacard.simulator.individual.holder import MIHON, Holder
    from mynacard.simulator.individual.persona import PERSONAS, Persona
else:
    __getattr__, __dir__ = names_from(
        __name__,
        {
            "mynacard.simulator.individual.assembly": "assemble",
            "mynacard.simulator.individual.card": "SecurityState SimulatedCard",
            "mynacard.simulator.individual.contents": "DEFAULT_PINS CardContents KeyMaterial",
            "mynacard.simulator.individual.holder": "MIHON Holder",
            "mynacard.simulator.individual.persona": "PERSONAS Persona",
        },
    )

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
