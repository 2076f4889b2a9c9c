"""How many tries every PIN of the card has left, without spending one."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from mynacard import errors
from mynacard.apdu import verification
from mynacard.apdu.channel import Channel
from mynacard.apdu.message import Card
from mynacard.apdu.pins import PinReference, PinStatus
from mynacard.personal.layout import APPLICATIONS, Application

__all__ = ["PinState", "pin_states", "status_or_refusal"]


@dataclass(frozen=True, slots=True)
class PinState:
    """A PIN, and what the card says of it.

    Attributes:
        application: whose PIN it is, by its name.
        pin: the PIN.
        status: what is left; an error where the card does not have it, or does not tell.
    """

    application: str
    pin: PinReference
    status: PinStatus | errors.CardError


def pin_states(card: Card, applications: Iterable[Application] = APPLICATIONS) -> tuple[PinState, ...]:
    """The states of all PINs of *applications*: one APDU for each of either.

    An application that the card does not have has no PINs here. Ends every session on the card, and every login.

    Raises:
        ReaderError, ProtocolError: the card cannot be asked.
    """
    channel = card if isinstance(card, Channel) else Channel(card)
    found: list[PinState] = []
    for application in applications:
        try:
            channel.select(application.df_name, application.name)
        except errors.ApplicationNotFound:
            continue
        found += [PinState(application.name, pin, status_or_refusal(channel, pin)) for pin in application.pins]
    return tuple(found)


def status_or_refusal(channel: Channel, pin: PinReference) -> PinStatus | errors.CardError:
    """What the card says of a PIN of the selected application, or how it refuses to; one APDU."""
    try:
        return verification.pin_status(channel, pin)
    except errors.CardError as error:
        return error
