"""``mynacard register``: open an account with a receiver."""

from __future__ import annotations

from pathlib import Path

import click

from mynacard.cli.commands.apply import cades_signature, login_token, portal_options
from mynacard.cli.options import CardChoice, card_options, password_options
from mynacard.cli.secrets import PinSource
from mynacard.cli.session import verified_session
from mynacard.cli.texts import _, plain
from mynacard.jpki.layout import DIGITAL_SIGNATURE
from mynacard.signing import external
from mynacard.submission.client import Client
from mynacard.submission.exchange import AccountState, Purpose, registration_statement
from mynacard.submission.outbox import Outbox
from mynacard.webeid import parse

__all__ = ["register"]


@click.command(help=_("Register with a receiver: both keys answer its challenge, so both PINs are asked for."))
@click.option("--renew", "account", metavar="ACCOUNT", help=_("Bind this account to renewed certificates."))
@portal_options
@password_options
@card_options
def register(
    account: str | None, portal: str, folder: Path, card: CardChoice, pin_source: PinSource, password_source: PinSource
) -> None:
    external.check_installed()
    with Client(portal, Outbox(folder)) as client:
        challenge = client.challenge(Purpose.REGISTRATION)
        token = login_token(client, card, pin_source, challenge.nonce)
        statement = registration_statement(client.origin, challenge.nonce, parse(token).certificate_der)
        purpose = _("Registers you with {origin}, which learns your name, address, sex and birth date.").format(
            origin=client.origin
        )
        with verified_session(card, DIGITAL_SIGNATURE, password_source, purpose, signatures=1) as session:
            signature = cades_signature(session, statement)
        if account is None:
            found = client.register(challenge.nonce, token, signature)
        else:
            found = client.rebind(account, challenge.nonce, token, signature)
    if found.state is AccountState.ACTIVE:
        click.echo(plain(_("You are registered: account {account}.").format(account=found.account)))
    else:
        click.echo(plain(_("The registration waits for approval: account {account}.").format(account=found.account)))
