"""``mynacard authenticate``: the answer to a portal's login challenge."""

from __future__ import annotations

import sys

import click

from mynacard.cli.commands import HELP
from mynacard.cli.language import _
from mynacard.cli.options import CardChoice, card_options, pin_options
from mynacard.cli.secrets import PinSource
from mynacard.cli.session import verified_session
from mynacard.cli.terminal import as_rows
from mynacard.jpki import authentication
from mynacard.jpki.layout import USER_AUTHENTICATION
from mynacard.webeid import AuthenticationToken

__all__ = ["authenticate"]


@click.command(help=_(HELP["authenticate"]))
@click.option(
    "--origin", required=True, metavar="URL", help=_("The origin of the site that asks: https://host[:port].")
)
@click.option("--nonce", required=True, help=_("The challenge: 44 to 128 characters of base64."))
@pin_options
@card_options
def authenticate(origin: str, nonce: str, card: CardChoice, pin_source: PinSource) -> None:
    authentication.check_origin(origin)
    authentication.check_nonce(nonce)
    purpose = _(
        "Logs in to {origin}. The site learns a fixed number of your card, but not your name or address."
    ).format(origin=origin)
    with verified_session(card, USER_AUTHENTICATION, pin_source, purpose, signatures=1) as session:
        answer = session.authenticate(origin, nonce)
    click.echo(AuthenticationToken.from_authentication(answer).to_json(), file=as_rows(sys.stdout))
