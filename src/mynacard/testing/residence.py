"""A residence card under test, opened."""

from __future__ import annotations

import secrets
from typing import Final

from mynacard.residence import CardNumber, ResidenceCard
from mynacard.residence.agreement import ENTROPY_LENGTH
from mynacard.simulator.residence import SIMULATED_CARD_NUMBER
from mynacard.testing.cards import CardUnderTest

__all__ = ["RESIDENCE", "opened_residence_card"]

RESIDENCE: Final = "residence-2-mid-term"
"""The persona of a residence card of today."""


def opened_residence_card(card: CardUnderTest) -> ResidenceCard:
    """*card*, opened with the number of every simulated residence card; five APDUs.

    Raises:
        NoResidenceCard: it is another kind of card.
    """
    residence_card = ResidenceCard(card)
    residence_card.authenticate(CardNumber(SIMULATED_CARD_NUMBER), secrets.token_bytes(ENTROPY_LENGTH))
    return residence_card
