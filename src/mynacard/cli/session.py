"""A session with a PIN, as a person at a terminal goes through it."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Generator
from typing import assert_never

import click

from mynacard.apdu.message import Card
from mynacard.apdu.verification import Blocked, PinStatus, TriesLeft, TriesUnknown, Verified, check_tries
from mynacard.cli.options import PinSource
from mynacard.cli.texts import _
from mynacard.jpki.layout import KeyPair
from mynacard.jpki.session import JpkiSession
from mynacard.opening import open_card

__all__ = ["jpki_session", "status_text", "verified_session"]


@contextlib.contextmanager
def jpki_session(
    reader: str | None, around: Callable[[Card], Card] = lambda card: card
) -> Generator[JpkiSession, None, None]:
    """The JPKI application of the card that *reader* means."""
    with open_card(reader, around=around) as channel:
        yield JpkiSession(channel)


@contextlib.contextmanager
def verified_session(
    reader: str | None, pair: KeyPair, source: PinSource, purpose: str
) -> Generator[JpkiSession, None, None]:
    """The same after VERIFY of *pair*'s PIN; logged out and powered off at the end.

    A person is told what the PIN is for and how many tries are left, and is asked while no connection to the card is
    held: other programs must not wait for somebody who types.
    """
    if source.prompts:
        with jpki_session(reader) as session:
            status = session.pin_status(pair)
        check_tries(status, pair.pin, source.spend_last_try)  # what would not be sent need not be typed
        click.echo(purpose, err=True)
        click.echo(_("{pin}: {status}").format(pin=_(pair.pin.label), status=_tries_and_cost(status)), err=True)
    pin = source.read(pair)
    with jpki_session(reader) as session:
        session.verify(pair, pin, spend_last_try=source.spend_last_try, upper_case=source.upper_case)
        yield session


def _tries_and_cost(status: PinStatus) -> str:
    match status:
        case TriesLeft(count) if count > 1:
            return _(
                "{count} tries left. The last wrong one blocks it until the municipal office sets a new one."
            ).format(count=count)
        case _:
            return status_text(status)


def status_text(status: PinStatus) -> str:
    """*status* in a person's words."""
    match status:
        case TriesLeft(1):
            return _("1 try left. A wrong one blocks the PIN, and only the municipal office can set a new one.")
        case TriesLeft(count):
            return _("{count} tries left").format(count=count)
        case Blocked():
            return _("blocked; only the municipal office can set a new one")
        case TriesUnknown():
            return _("the card does not say how many tries are left")
        case Verified():
            return _("the card says that it needs no PIN now, and not how many tries are left")
        case _:
            assert_never(status)
