"""``mynacard pin``: how many tries are left, whether a PIN is right, and a new one."""

from __future__ import annotations

import contextlib
from collections.abc import Generator

import click

from mynacard.apdu.channel import Channel
from mynacard.apdu.pins import Blocked, PinSecret, PinStatus, TriesLeft
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
from mynacard.personal.register_session import change_resident_register_pin
from mynacard.pin import AtKeypad, Pin

__all__ = ["pin"]

_TWO_KEYS = (COMMON.name, RESIDENT_REGISTER.name)
"""What people know as the resident register PIN."""


@click.group(help=_("How many tries are left; whether a PIN is right; a new one."))
def pin() -> None:
    pass


@pin.command(help=_("Show how many tries of every PIN of every application are left. Spends none."))
@as_json
@card_options
def status(card: CardChoice, as_json: bool) -> None:
    with card_channel(card) as channel:
        found = states(channel)
    if as_json:
        print_json({name: status_json(status) for name, status in found.items()})
        return
    for name, status in found.items():
        text = status.text(_) if isinstance(status, CardError) else status_text(status)
        click.echo(_("{pin}: {status}").format(pin=SLOTS[name].label, status=text))


@pin.command(help=_("Present a PIN to the card. A wrong one costs a try."))
@click.argument("name", metavar="NAME", type=click.Choice(list(SLOTS)))
@pin_options
@card_options
def verify(name: str, card: CardChoice, pin_source: PinSource) -> None:
    slot = SLOTS[name]
    given: PinSecret | PinProvider = pin_source.pin()
    with _connected(card) as connection:
        if not isinstance(given, Pin | AtKeypad):
            given = ask(
                connection,
                slot.pin,
                slot.status,
                given,
                purpose=_("Checks the PIN; nothing is signed."),
                spend_last_try=pin_source.spend_last_try,
            )
        with connection.transaction() as channel:
            slot.verify(channel, given, spend_last_try=pin_source.spend_last_try, upper_case=pin_source.upper_case)
    click.echo(_("The {pin} is right.").format(pin=slot.label))


@pin.command(
    help=_(
        "Change a PIN. Asks for the one of now and, twice, for the new one; a file or descriptor has both, a line each."
        " Without a clear answer of the card nothing is sent again."
    )
)
@click.argument("name", metavar="|".join(CHANGEABLE), type=click.Choice(CHANGEABLE))
@click.option(
    "--only",
    type=click.Choice(_TWO_KEYS),
    help=_("Of the resident register PIN, which is two keys on the card, this one: to mend a change that stopped."),
)
@pin_options
@card_options
def change(name: str, only: str | None, card: CardChoice, pin_source: PinSource) -> None:
    if only is not None and name != RESIDENT_REGISTER.name:
        raise click.UsageError(_("--only is for {name}.").format(name=RESIDENT_REGISTER.name))
    both = name == RESIDENT_REGISTER.name and only is None
    if both and pin_source.keypad is not None:
        raise click.UsageError(_("{name} is two keys on the card; --keypad needs --only.").format(name=name))
    slot = SLOTS[only or name]
    given = pin_source.change()
    with _connected(card) as connection:
        if callable(given):
            pins = ask(
                connection,
                slot.pin,
                _fewest if both else slot.status,
                given,
                purpose=_("Changes the PIN."),
                spend_last_try=pin_source.spend_last_try,
            )
        else:
            pins = given
        with connection.transaction() as channel:
            _change(channel, slot, both, pins, pin_source)
    click.echo(_("The {pin} is changed.").format(pin=slot.label))


def _change(channel: Channel, slot: Slot, both: bool, pins: tuple[PinSecret, PinSecret], source: PinSource) -> None:
    old, new = pins
    if both:
        change_resident_register_pin(channel, old, new, spend_last_try=source.spend_last_try)
    else:
        slot.changed(channel, old, new, spend_last_try=source.spend_last_try, upper_case=source.upper_case)


def _fewest(channel: Channel) -> PinStatus:
    """Of two keys, the state of the one that allows less."""
    found = [SLOTS[name].status(channel) for name in _TWO_KEYS]
    return min(found, key=lambda status: status.count if isinstance(status, TriesLeft) else 0)


@contextlib.contextmanager
def _connected(card: CardChoice) -> Generator[CardConnection, None, None]:
    with recorded(card) as opening, connect_card(card.name, **opening) as connection:
        yield connection


def status_json(status: PinStatus | CardError) -> dict[str, object]:
    """*status* as JSON: its kind, and the tries left where they are known."""
    kind = type(status).__name__
    match status:
        case TriesLeft(count):
            return {"status": kind, "tries_left": count}
        case Blocked():
            return {"status": kind, "tries_left": 0}
        case _:
            return {"status": kind, "tries_left": None}
