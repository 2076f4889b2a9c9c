"""Residence cards in memory, both generations."""

from typing import TYPE_CHECKING

from mynacard._lazy import names_from

if TYPE_CHECKING:
    from mynacard.simulator.residence.card import ResidenceState, SimulatedResidenceCard
    from mynacard.simulator.residence.issuing import ATR, ResidenceContents
    from mynacard.simulator.residence.persona import RESIDENCE_PERSONAS, SIMULATED_CARD_NUMBER, ResidencePersona
else:
    __getattr__, __dir__ = names_from(
        __name__,
        {
            "mynacard.simulator.residence.card": "ResidenceState SimulatedResidenceCard",
            "mynacard.simulator.residence.issuing": "ATR ResidenceContents",
            "mynacard.simulator.residence.persona": "RESIDENCE_PERSONAS SIMULATED_CARD_NUMBER ResidencePersona",
        },
    )

__all__ = [
    "ATR",
    "RESIDENCE_PERSONAS",
    "SIMULATED_CARD_NUMBER",
    "ResidenceContents",
    "ResidencePersona",
    "ResidenceState",
    "SimulatedResidenceCard",
]
