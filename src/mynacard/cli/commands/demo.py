"""``mynacard demo``: the main job, end to end, on a simulated card; then an application, until it is accepted."""

from __future__ import annotations

import base64
import errno
import os
import secrets
import sys
from datetime import UTC, datetime
from typing import Any

import click
from rich.console import Console

from mynacard.apdu.message import Card
from mynacard.cli.commands import HELP
from mynacard.cli.language import _
from mynacard.cli.options import CardChoice, verbose_option
from mynacard.cli.session import jpki_session
from mynacard.cli.terminal import fitted, unescaped
from mynacard.cli.trace import Trace
from mynacard.cli.wording import status_text
from mynacard.doors.pki_cache import cached_pki
from mynacard.errors import PinFormError
from mynacard.jpki.layout import DIGITAL_SIGNATURE, KEY_PAIRS, USER_AUTHENTICATION
from mynacard.jpki.session import JpkiSession
from mynacard.opening import SIMULATED
from mynacard.signing import content, rawsig
from mynacard.simulator.individual.contents import DEFAULT_PINS
from mynacard.texts import lines_printable
from mynacard.trust import Anchor, Purpose, Report, check, load_certificate
from mynacard.verdict import explain
from mynacard.webeid import AuthenticationToken

__all__ = ["demo"]

_DOCUMENT = b"I apply for an extension of my period of stay. (A simulated application.)\n"
_ORIGIN = "https://portal.example"


class _Styled(Console):
    """Standard output with styles, which are added to texts that a terminal only shows."""

    def __init__(self) -> None:
        super().__init__(file=unescaped(sys.stdout), highlight=False, soft_wrap=True)

    def print(self, *objects: Any, **options: Any) -> None:
        super().print(*(fitted(lines_printable(str(text)), unescaped(sys.stdout)) for text in objects), **options)

    def on_broken_pipe(self) -> None:
        """Leave it to the command line, which ends as with any command: rich would exit with 1."""
        raise BrokenPipeError(errno.EPIPE, os.strerror(errno.EPIPE))


@click.command(help=_(HELP["demo"]))
@click.option("--trace", is_flag=True, help=_("Show every APDU, with secrets masked."))
@verbose_option
def demo(trace: bool) -> None:
    console = _Styled()
    traces: list[Trace] = []

    def write(line: str) -> None:
        if trace:
            console.print(line, style="dim", markup=False)

    def around(card: Card) -> Card:
        traces.append(Trace(card, write))
        return traces[-1]

    with console.status(_("Making a simulated card …")):
        cached_pki()
    console.print(_("A simulated card: it belongs to no person, and is good only for this demo."), style="bold")
    with jpki_session(CardChoice(SIMULATED), around) as session:
        _look(console, session)
        signature = _sign(console, session)
        certificate = session.certificate_der(DIGITAL_SIGNATURE)
        _log_in(console, session)
    report = _check(signature, certificate)
    _step(console, 5, _("Check the signature as its receiver would."))
    for step in report.steps:
        console.print(f"   {explain([step], _)}", markup=False)
    console.print(
        _("Done: {count} APDUs and one signature with each key; the card is logged out and powered off.").format(
            count=traces[0].count
        ),
        style="bold green",
    )
    _apply(console)


def _apply(console: Console) -> None:
    """Show an application from draft to acceptance, if the packages for that are installed."""
    from mynacard.cli.demo_way import missing_extra, the_whole_way  # here, because it loads what an application needs

    if missing_extra():
        console.print(
            _("To see an application sent to a receiver: pip install 'mynacard[client,server]', then run this again."),
            markup=False,
        )
        return

    def say(number: int, text: str) -> None:
        if number:
            _step(console, number, text)
        else:
            console.print("   " + text, markup=False)

    the_whole_way(say, 6)
    console.print(_("Done: the application was accepted."), style="bold green")


def _step(console: Console, number: int, text: str) -> None:
    console.print(f"[bold cyan]{number}[/] {text}")


def _look(console: Console, session: JpkiSession) -> None:
    _step(console, 1, _("Select the JPKI application, and look at what needs no PIN."))
    token, present = session.token_info(), session.certificates_present()
    console.print(
        "   "
        + _("Token {label}; signing certificate: {signing}; user-authentication certificate: {authentication}.").format(
            label=token.label,
            signing=_("present") if present.digital_signature else _("absent"),
            authentication=_("present") if present.user_authentication else _("absent"),
        )
    )
    _step(console, 2, _("Ask how many tries each PIN has left. This spends none."))
    for pair in KEY_PAIRS:
        console.print(f"   {_(pair.pin.label)}: {status_text(session.pin_status(pair))}")


def _sign(console: Console, session: JpkiSession) -> bytes:
    _step(console, 3, _("Verify the signing password, and sign an application."))
    try:
        session.verify(DIGITAL_SIGNATURE, "１２３４")  # a program that sends them costs its user a try
    except PinFormError as error:
        console.print("   " + _("A mistake, on purpose: full-width digits, as a program could send them."))
        console.print("   " + error.text(_))
    session.verify(DIGITAL_SIGNATURE, DEFAULT_PINS[DIGITAL_SIGNATURE.name])
    signature = session.sign(_DOCUMENT)
    console.print(
        "   "
        + _("A signature of {length} bytes, checked with the card's own certificate first: {start}…").format(
            length=len(signature), start=signature[:8].hex()
        )
    )
    return signature


def _log_in(console: Console, session: JpkiSession) -> None:
    _step(console, 4, _("Verify the user-authentication PIN, and log in to {origin}.").format(origin=_ORIGIN))
    session.verify(USER_AUTHENTICATION, DEFAULT_PINS[USER_AUTHENTICATION.name])
    nonce = base64.b64encode(secrets.token_bytes(32)).decode()
    token = AuthenticationToken.from_authentication(session.authenticate(_ORIGIN, nonce))
    console.print(
        "   "
        + _("A Web eID token of {length} characters, valid only for this origin and this nonce.").format(
            length=len(token.to_json())
        )
    )


def _check(signature: bytes, certificate_der: bytes) -> Report:
    certificate = load_certificate(certificate_der)
    signature_step = rawsig.verify(signature, certificate, content.of_bytes(_DOCUMENT))
    anchors = [Anchor(authority, simulated=True) for authority in cached_pki().ca_certificates()]
    return check(certificate, anchors, at=datetime.now(UTC), purpose=Purpose.DOCUMENT, signature=signature_step)
