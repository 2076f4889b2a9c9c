"""``mynacard pin``: show how many tries are left, check a PIN, change a PIN."""

from __future__ import annotations

import contextlib
from collections.abc import Generator

import click

from mynacard.apdu.channel import Channel
from mynacard.apdu.pins import Blocked, PinSecret, PinStatus, TriesLeft
from mynacard.cli.commands import HELP
from mynacard.cli.language import _
from mynacard.cli.options import CardChoice, as_json, card_options, pin_options
from mynacard.cli.output import print_json
from mynacard.cli.secrets import PinSource
from mynacard.cli.session import card_channel, recorded
from mynacard.cli.slots import CHANGEABLE, SLOTS, Slot, states
from mynacard.cli.wording import status_text
from mynacard.errors import CardError
from mynacard.opening import CardConnection, connect_card
from mynacard.opening.pins import PinProvider, ask
from mynacard.personal.layout import COMMON, RESIDENT_REGISTER
from mynacard.personal.register_session import change_resident_register_pin, resident_register_pin_status
from mynacard.pin import AtKeypad, Pin

__all__ = ["pin"]

_TWO_KEYS = (COMMON.name, RESIDENT_REGISTER.name)
"""The two keys on the card that people know as the resident register PIN."""


@click.group(help=_(HELP["pin"]))
def pin() -> None:
    pass


@pin.command(help=_("Show how many tries every PIN of every application has left. Spends none."))
@as_json
@card_options
def status(card: CardChoice, as_json: bool) -> None:
    with card_channel(card) as channel:
        statuses = states(channel)
    if as_json:
        print_json({name: status_json(status) for name, status in statuses.items()})
        return
    for name, status in statuses.items():
        text = status.text(_) if isinstance(status, CardError) else status_text(status)
        click.echo(_("{pin}: {status}").format(pin=SLOTS[name].label, status=text))


@pin.command(help=_("Present a PIN to the card. A wrong one costs a try."))
@click.argument("name", metavar="NAME", type=click.Choice(list(SLOTS)))
@pin_options
@card_options
def verify(name: str, card: CardChoice, pin_source: PinSource) -> None:
    slot = SLOTS[name]
    secret: PinSecret | PinProvider = pin_source.pin()
    with _connected(card) as connection:
        if not isinstance(secret, Pin | AtKeypad):
            secret = ask(
                connection,
                slot.pin,
                slot.status,
                secret,
                purpose=_("Checks the PIN; nothing is signed."),
                spend_last_try=pin_source.spend_last_try,
            )
        with connection.transaction() as channel:
            slot.verify(channel, secret, spend_last_try=pin_source.spend_last_try, upper_case=pin_source.upper_case)
    click.echo(_("The {pin} is right.").format(pin=slot.label))


@pin.command(
    help=_(
        "Change a PIN. Asks for the current one and, twice, for the new one; a file or descriptor holds both, one per"
        " line. If the card gives no clear answer, nothing is sent again."
    )
)
@click.argument("name", metavar="|".join(CHANGEABLE), type=click.Choice(CHANGEABLE))
@click.option(
    "--only",
    type=click.Choice(_TWO_KEYS),
    help=_("Change only this one of the resident register PIN's two keys: to complete a change that stopped halfway."),
)
@pin_options
@card_options
def change(name: str, only: str | None, card: CardChoice, pin_source: PinSource) -> None:
    if only is not None and name != RESIDENT_REGISTER.name:
        raise click.UsageError(_("--only is for {name}.").format(name=RESIDENT_REGISTER.name))
    two_keys = name == RESIDENT_REGISTER.name and only is None
    if two_keys and pin_source.keypad is not None:
        raise click.UsageError(_("{name} is two keys on the card; --keypad needs --only.").format(name=name))
    slot = SLOTS[only or name]
    secrets = pin_source.change()
    with _connected(card) as connection:
        if callable(secrets):
            pins = ask(
                connection,
                slot.pin,
                resident_register_pin_status if two_keys else slot.status,
                secrets,
                purpose=_("Changes the PIN."),
                spend_last_try=pin_source.spend_last_try,
            )
        else:
            pins = secrets
        with connection.transaction() as channel:
            _change(channel, slot, two_keys, pins, pin_source)
    click.echo(_("The {pin} is changed.").format(pin=slot.label))


def _change(channel: Channel, slot: Slot, two_keys: bool, pins: tuple[PinSecret, PinSecret], source: PinSource) -> None:
    old, new = pins
    if two_keys:
        change_resident_register_pin(channel, old, new, spend_last_try=source.spend_last_try)
    else:
        slot.changed(channel, old, new, spend_last_try=source.spend_last_try, upper_case=source.upper_case)


@contextlib.contextmanager
def _connected(card: CardChoice) -> Generator[CardConnection, None, None]:
    with recorded(card) as opening, connect_card(card.name, **opening) as connection:
        yield connection


def status_json(status: PinStatus | CardError) -> dict[str, object]:
    """*status* as JSON: its kind, and the tries left if they are known."""
    kind = type(status).__name__
    match status:
        case TriesLeft(count):
            return {"status": kind, "tries_left": count}
        case Blocked():
            return {"status": kind, "tries_left": 0}
        case _:
            return {"status": kind, "tries_left": None}
