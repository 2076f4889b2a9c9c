"""``mynacard pin``: how many tries are left, and whether a PIN is right."""

from __future__ import annotations

import click

from mynacard.apdu.verification import Blocked, PinStatus, TriesLeft
from mynacard.cli.options import (
    PAIRS,
    CardChoice,
    PinSource,
    as_json,
    card_options,
    pair_argument,
    pin_options,
    print_json,
)
from mynacard.cli.session import jpki_session, verified_session
from mynacard.cli.texts import _
from mynacard.cli.wording import status_text
from mynacard.jpki.layout import KEY_PAIRS

__all__ = ["pin"]


@click.group(help=_("How many tries are left; whether a PIN is right."))
def pin() -> None:
    pass


@pin.command(help=_("Show how many tries of each PIN are left. Spends none."))
@as_json
@card_options
def status(card: CardChoice, as_json: bool) -> None:
    with jpki_session(card) as session:
        found = {pair.name: session.pin_status(pair) for pair in KEY_PAIRS}
    if as_json:
        print_json({name: status_json(status) for name, status in found.items()})
        return
    for name, status in found.items():
        click.echo(_("{pin}: {status}").format(pin=_(PAIRS[name].pin.label), status=status_text(status)))


@pin.command(help=_("Present a PIN to the card. A wrong one costs a try."))
@pair_argument
@pin_options
@card_options
def verify(name: str, card: CardChoice, pin_source: PinSource) -> None:
    pair = PAIRS[name]
    with verified_session(card, pair, pin_source, _("Checks the PIN; nothing is signed."), signatures=0):
        pass
    click.echo(_("The {pin} is right.").format(pin=_(pair.pin.label)))


def status_json(status: PinStatus) -> dict[str, object]:
    """*status* as JSON: its kind, and the tries left where they are known."""
    kind = type(status).__name__
    match status:
        case TriesLeft(count):
            return {"status": kind, "tries_left": count}
        case Blocked():
            return {"status": kind, "tries_left": 0}
        case _:
            return {"status": kind, "tries_left": None}
