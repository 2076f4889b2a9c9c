"""Simulated cards with all their applications, and the roots to trust."""

from __future__ import annotations

from functools import cache
from typing import Final

from mynacard.apdu.channel import CardProfile, Channel
from mynacard.doors.disk import new_card
from mynacard.doors.pki_cache import cached_pki
from mynacard.personal import Root
from mynacard.simulator import MIHON, PERSONAS, Persona, SimulatedCard, Traits
from tests.support import CardThat

NONCE: Final = bytes(range(16))
SEED: Final = bytes(range(32))
PIN: Final = "1234"
NUMBER_A: Final = MIHON.number_a
NUMBER_B: Final = MIHON.number_b
BIRTH: Final = MIHON.birth_date_pin

UNKNOWN: Final = CardProfile()
EXTENDED: Final = CardProfile(extended_length=True)
SHORT: Final = CardProfile(extended_length=False)


def card(profile: CardProfile = UNKNOWN, persona: Persona = PERSONAS["mid-term-resident"]) -> SimulatedCard:
    """A fresh card, behind a reader that passes extended length unless *profile* says that it does not."""
    return new_card(Traits(extended_length=profile.extended_length is not False), persona=persona)


def counted(
    profile: CardProfile = UNKNOWN, persona: Persona = PERSONAS["mid-term-resident"]
) -> tuple[CardThat, Channel]:
    """A fresh card that keeps the commands that it was sent, and the channel to it."""
    found = CardThat(card(profile, persona).transmit)
    return found, Channel(found, profile)


@cache
def roots() -> tuple[Root, ...]:
    """The simulated roots."""
    return cached_pki().cv.anchors()
