"""Simulated residence cards, and the means to open them."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Final

from mynacard.apdu import Channel
from mynacard.apdu.channel import CardProfile
from mynacard.doors.disk import new_card
from mynacard.doors.residence_cache import cached_residence_pki
from mynacard.residence import LAYOUTS, Anchor, CardFiles, CardNumber, CardType, File, ResidenceCard
from mynacard.simulator import Traits
from mynacard.simulator.residence import ATR, RESIDENCE_PERSONAS, SIMULATED_CARD_NUMBER, SimulatedResidenceCard
from tests.support import CardThat

NUMBER: Final = CardNumber(SIMULATED_CARD_NUMBER)
OTHER_NUMBER: Final = CardNumber("AB12345678CE")
ENTROPY: Final = bytes(range(24))

UNKNOWN: Final = CardProfile()
EXTENDED: Final = CardProfile(extended_length=True)
SHORT: Final = CardProfile(extended_length=False)

FIRST: Final = "residence-1-mid-term"
SECOND: Final = "residence-2-mid-term"
BOTH: Final = (FIRST, SECOND)


def card(name: str = FIRST, *, extended_length: bool = True) -> SimulatedResidenceCard:
    """A fresh card."""
    return new_card(Traits(extended_length=extended_length), persona=RESIDENCE_PERSONAS[name])


def counted(name: str = FIRST, profile: CardProfile = UNKNOWN) -> tuple[CardThat, Channel, SimulatedResidenceCard]:
    """A fresh card that keeps the commands that it was sent, the channel to it with *profile*, and the card."""
    inside = card(name, extended_length=profile.extended_length is not False)
    found = CardThat(inside.transmit)
    return found, Channel(found, profile), inside


def opened(channel: Channel | CardThat | SimulatedResidenceCard) -> ResidenceCard:
    """The card behind *channel*, opened."""
    found = ResidenceCard(channel)
    found.authenticate(NUMBER, ENTROPY)
    return found


@cache
def files(name: str = FIRST) -> CardFiles:
    """The contents of a card of this kind."""
    return opened(card(name)).read()


def changed(found: CardFiles, content: Mapping[File, bytes]) -> CardFiles:
    """*found* with other bytes in some files."""
    return CardFiles(found.type, {**found.content, **content})


@cache
def anchors() -> tuple[Anchor, ...]:
    """The simulated CAs."""
    return cached_residence_pki().anchors()


def with_files(
    type_: CardType, content: Mapping[File, bytes], entropy: bytes = bytes(24), number: CardNumber = NUMBER
) -> SimulatedResidenceCard:
    """A card that has *content*, '00' in all other files, and draws *entropy*, again and again."""
    whole = {file: content.get(file, bytes(file.size)) for file in LAYOUTS[type_]}
    place = 0

    def random_bytes(count: int) -> bytes:
        nonlocal place
        drawn = entropy[place : place + count]
        place = (place + count) % len(entropy)
        return drawn

    return SimulatedResidenceCard(type_, number, whole, Traits(atr=ATR), random_bytes)
