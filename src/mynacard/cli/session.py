"""Channels and sessions on the card that the command line names."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Generator, Mapping
from datetime import UTC, datetime
from types import MappingProxyType

from mynacard.apdu.channel import Channel
from mynacard.apdu.message import Card
from mynacard.cli.options import CardChoice
from mynacard.cli.secrets import PinSource
from mynacard.jpki.layout import KeyPair
from mynacard.jpki.session import JpkiSession
from mynacard.opening import OpeningOptions, card_name, open_card, pins
from mynacard.opening.names import Simulated, named

__all__ = ["Around", "card_channel", "jpki_session", "recorded", "verified_session"]

Around = Callable[[Card], Card]


def _itself(card: Card) -> Card:
    return card


@contextlib.contextmanager
def card_channel(card: CardChoice, around: Around = _itself) -> Generator[Channel, None, None]:
    """A channel to *card*."""
    with recorded(card, around) as opening, open_card(card.name, **opening) as channel:
        yield channel


@contextlib.contextmanager
def jpki_session(card: CardChoice, around: Around = _itself) -> Generator[JpkiSession, None, None]:
    """The JPKI application of *card*."""
    with card_channel(card, around) as channel:
        yield JpkiSession(channel)


@contextlib.contextmanager
def verified_session(
    card: CardChoice,
    pair: KeyPair,
    source: PinSource,
    purpose: str,
    *,
    signatures: int,
    certificates: Mapping[KeyPair, bytes] = MappingProxyType({}),
) -> Generator[JpkiSession, None, None]:
    """The JPKI application of *card*, with *pair*'s PIN verified; logged out and powered off at the end.

    It takes *certificates* of the card that the caller holds, as :class:`JpkiSession` does.
    """
    with (
        recorded(card) as opening,
        pins.verified_session(
            pair,
            source.pin(),
            name=card.name,
            purpose=purpose,
            signatures=signatures,
            spend_last_try=source.spend_last_try,
            upper_case=source.upper_case,
            certificates=certificates,
            **opening,
        ) as session,
    ):
        yield session


@contextlib.contextmanager
def recorded(card: CardChoice, around: Around = _itself) -> Generator[OpeningOptions, None, None]:
    """The options to open *card* with: *around* around it, and recorded if *card* names a file for that.

    The recording names the reader that the card lies on, without its serial number, for recordings are sent to others.
    """
    if card.record is None:
        yield {"around": around, "wait_s": card.wait_s}
        return
    from mynacard.readers import ReaderCard, public_name
    from mynacard.recordings import recording_to
    from mynacard.recordings.personal import PERSONAL  # here, because it loads every application

    reader = "simulated" if isinstance(card_name(card.name), Simulated) else named(card.name)
    about = {"reader": reader, "made": f"{datetime.now(UTC):%Y-%m-%d}"}
    with recording_to(card.record, PERSONAL, about, clock=time.perf_counter_ns) as recorder:

        def put_around(inside: Card) -> Card:
            if isinstance(inside, ReaderCard):
                about["reader"] = public_name(inside.name)
            return around(recorder(inside))

        yield {"around": put_around, "wait_s": card.wait_s}
