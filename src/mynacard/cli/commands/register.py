"""``mynacard register``: open an account with a receiver."""

from __future__ import annotations

from typing import Unpack

import click

from mynacard.cli.commands import HELP
from mynacard.cli.commands.apply import BothPins, applicant, portal_options
from mynacard.cli.language import _
from mynacard.cli.options import card_options, password_options
from mynacard.jpki.layout import KEY_PAIRS
from mynacard.jpki.session import JpkiSession
from mynacard.opening import open_card
from mynacard.submission.exchange import AccountState
from mynacard.texts import printable

__all__ = ["register"]


@click.command(help=_(HELP["register"]))
@click.option("--renew", "account", metavar="ACCOUNT", help=_("Bind this account to renewed certificates."))
@portal_options
@password_options
@card_options
def register(account: str | None, **options: Unpack[BothPins]) -> None:
    card = options["card"]
    with applicant(**options) as sender:
        with open_card(card.name, wait_s=card.wait_s) as channel:  # both keys, before the first PIN is asked for
            JpkiSession(channel).require(*KEY_PAIRS)
        registered = sender.register() if account is None else sender.rebind(account)
    if registered.state is AccountState.ACTIVE:
        template = _("You are registered: account {account}.")
    else:
        template = _("The registration waits for approval: account {account}.")
    click.echo(printable(template.format(account=registered.account)))
