"""Residence cards in memory, both generations."""

from mynacard.simulator.residence.card import ResidenceState, SimulatedResidenceCard
from mynacard.simulator.residence.issuing import ATR, ResidenceContents
from mynacard.simulator.residence.persona import RESIDENCE_PERSONAS, SIMULATED_CARD_NUMBER, ResidencePersona

__all__ = [
    "ATR",
    "RESIDENCE_PERSONAS",
    "SIMULATED_CARD_NUMBER",
    "ResidenceContents",
    "ResidencePersona",
    "ResidenceState",
    "SimulatedResidenceCard",
]
