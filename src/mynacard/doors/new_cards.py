"""Simulated cards in memory, made on request."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, TypeAlias, overload

from mynacard.arguments import check_type
from mynacard.doors.pki_cache import cached_pki, new_key_der
from mynacard.jpki.objects import Medium
from mynacard.pin import Pin
from mynacard.simulator.card_files import AnyContents
from mynacard.simulator.individual.assembly import RESIDENCE, assemble
from mynacard.simulator.individual.card import SimulatedCard
from mynacard.simulator.individual.contents import DEFAULT_PINS, CardContents, fresh_pins, hidden_pins
from mynacard.simulator.individual.issuing import ApplicationContents
from mynacard.simulator.individual.persona import DEFAULT_PERSONA, Persona
from mynacard.simulator.personas import AnyPersona
from mynacard.simulator.traits import Traits

if TYPE_CHECKING:
    from mynacard.simulator.residence.card import SimulatedResidenceCard
    from mynacard.simulator.residence.persona import ResidencePersona

__all__ = ["AnyCard", "assembled", "new_card", "new_contents"]

AnyCard: TypeAlias = "SimulatedCard | SimulatedResidenceCard"


@overload
def new_card(
    traits: Traits = Traits(), pins: Mapping[str, str | Pin] = DEFAULT_PINS, persona: Persona = DEFAULT_PERSONA
) -> SimulatedCard: ...
@overload
def new_card(
    traits: Traits = Traits(), pins: Mapping[str, str | Pin] = DEFAULT_PINS, *, persona: ResidencePersona
) -> SimulatedResidenceCard: ...
@overload
def new_card(
    traits: Traits = Traits(), pins: Mapping[str, str | Pin] = DEFAULT_PINS, *, persona: AnyPersona
) -> AnyCard: ...
def new_card(
    traits: Traits = Traits(), pins: Mapping[str, str | Pin] = DEFAULT_PINS, persona: AnyPersona = DEFAULT_PERSONA
) -> AnyCard:
    """A fresh simulated card, ready at once: its certificates are new, its keys are those of the test PKI's cache.

    Args:
        traits: how it behaves; a residence card has an answer to reset of its own.
        pins: the PINs of JPKI; a residence card has none.
        persona: what kind of card, and whose.

    Raises:
        TestPkiError: the cache folder cannot be used, or a key in it is damaged.
    """
    known = hidden_pins(pins)
    del pins
    return assembled(new_contents(traits, known, persona, own_keys=False), lambda: None)


def new_contents(traits: Traits, pins: Mapping[str, Pin], persona: AnyPersona, *, own_keys: bool) -> AnyContents:
    """The contents of a fresh card; with *own_keys*, JPKI keys of its own, which take some tenths of a second each.

    Raises:
        TestPkiError: the cache folder cannot be used, or a key in it is damaged.
    """
    check_type(traits, Traits)
    if isinstance(persona, Persona):
        return _contents_of(traits, pins, persona, {name: new_key_der() for name in persona.certificates if own_keys})
    from mynacard.doors.residence_cache import cached_residence_pki  # noqa: PLC0415  # few cards need it
    from mynacard.simulator.residence.issuing import ATR, issue  # noqa: PLC0415
    from mynacard.simulator.residence.persona import ResidencePersona  # noqa: PLC0415

    check_type(persona, ResidencePersona, wanted="Persona or ResidencePersona")
    signer = cached_residence_pki().signer(persona, datetime.now(UTC))
    return issue(persona, signer, replace(traits, atr=ATR))


def _contents_of(
    traits: Traits, pins: Mapping[str, Pin], persona: Persona, own_keys: Mapping[str, bytes]
) -> CardContents:
    pki, now = cached_pki(generation=persona.generation), datetime.now(UTC) + persona.issued
    keys = pki.issue(persona.holder, own_keys, now, persona.certificates, revoked=persona.revoked)
    on_card = persona.medium is Medium.CARD
    stored_pins = fresh_pins({name: pins[name] for name in persona.pins}, persona.holder if on_card else None)
    for name in persona.blocked:
        stored_pins[name].tries_left = 0
    applications = pki.issue_applications(persona.holder) if on_card else {}
    if persona.specified:
        applications[RESIDENCE] = ApplicationContents()
    return CardContents(keys, stored_pins, traits, applications, persona.medium)


def assembled(contents: AnyContents, remember: Callable[[], None]) -> AnyCard:
    """The card that has *contents*; it calls *remember* before it answers, whenever its chip has changed them."""
    if isinstance(contents, CardContents):
        return assemble(contents, remember, secrets.token_bytes)
    from mynacard.simulator.residence.card import SimulatedResidenceCard  # noqa: PLC0415

    # A residence card remembers nothing over a power-off.
    return SimulatedResidenceCard(contents.type, contents.number, contents.files, contents.traits, secrets.token_bytes)
