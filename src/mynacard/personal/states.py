"""How many tries each PIN of the card has left, without spending one."""

from __future__ import annotations

from collections.abc import Iterable

from mynacard import errors
from mynacard._dataclasses import dataclass
from mynacard.apdu import verification
from mynacard.apdu.channel import Channel
from mynacard.apdu.message import Card
from mynacard.apdu.pins import PinReference, PinStatus
from mynacard.personal.layout import APPLICATIONS, Application

__all__ = ["PinState", "pin_states", "status_or_refusal"]


@dataclass(frozen=True, slots=True)
class PinState:
    """A PIN, and the card's answer about it.

    Attributes:
        application: whose PIN it is, by its name.
        pin: the PIN.
        status: the tries left; an error where the card does not have the PIN, or does not say.
    """

    application: str
    pin: PinReference
    status: PinStatus | errors.CardError


def pin_states(card: Card, applications: Iterable[Application] = APPLICATIONS) -> tuple[PinState, ...]:
    """The states of all PINs of *applications*: one APDU for each application and for each PIN.

    An application that the card does not have is left out. Ends every session on the card, and every login.

    Raises:
        ReaderError, ProtocolError: the card cannot be asked.
    """
    channel = card if isinstance(card, Channel) else Channel(card)
    states: list[PinState] = []
    for application in applications:
        try:
            channel.select(application.df_name, application.name)
        except errors.ApplicationNotFound:
            continue
        states += [PinState(application.name, pin, status_or_refusal(channel, pin)) for pin in application.pins]
    return tuple(states)


def status_or_refusal(channel: Channel, pin: PinReference) -> PinStatus | errors.CardError:
    """The card's answer about a PIN of the selected application, or its refusal; one APDU."""
    try:
        return verification.pin_status(channel, pin)
    except errors.CardError as error:
        return error
