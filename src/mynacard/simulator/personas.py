"""Kinds of simulated cards of both sorts, by name."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, TypeAlias

from mynacard.errors import UsageError
from mynacard.simulator.individual.persona import PERSONAS
from mynacard.texts import N_

if TYPE_CHECKING:
    from mynacard.simulator.individual.persona import Persona
    from mynacard.simulator.residence.persona import ResidencePersona

__all__ = ["AnyPersona", "all_personas", "persona"]

AnyPersona: TypeAlias = "Persona | ResidencePersona"


def all_personas() -> Mapping[str, AnyPersona]:
    """The personas of Individual Number Cards, and those of residence cards, which load on first use."""
    from mynacard.simulator.residence.persona import RESIDENCE_PERSONAS  # noqa: PLC0415

    return {**PERSONAS, **RESIDENCE_PERSONAS}


def persona(name: str) -> AnyPersona:
    """The persona *name*, of an Individual Number Card or a residence card.

    Raises:
        UsageError: no persona has this name.
    """
    if name in PERSONAS:
        return PERSONAS[name]
    known = all_personas()
    if name not in known:
        raise UsageError(N_("No persona is called {name}. There are: {known}."), name=name, known=", ".join(known))
    return known[name]
