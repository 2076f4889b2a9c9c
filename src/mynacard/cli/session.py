"""A session on the card that the command line's words mean."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Generator

from mynacard import pin_entry
from mynacard.apdu.message import Card
from mynacard.cli.options import CardChoice, PinSource
from mynacard.jpki.layout import KeyPair
from mynacard.jpki.session import JpkiSession
from mynacard.opening import open_card

__all__ = ["jpki_session", "verified_session"]


@contextlib.contextmanager
def jpki_session(
    card: CardChoice, around: Callable[[Card], Card] = lambda card: card
) -> Generator[JpkiSession, None, None]:
    """The JPKI application of *card*."""
    with open_card(card.name, around=around, wait_s=card.wait_s) as channel:
        yield JpkiSession(channel)


def verified_session(
    card: CardChoice, pair: KeyPair, source: PinSource, purpose: str, *, signatures: int
) -> contextlib.AbstractContextManager[JpkiSession]:
    """The same after VERIFY of *pair*'s PIN; logged out and powered off at the end."""
    return pin_entry.verified_session(
        pair,
        source.pin(),
        name=card.name,
        purpose=purpose,
        signatures=signatures,
        spend_last_try=source.spend_last_try,
        upper_case=source.upper_case,
        wait_s=card.wait_s,
    )
