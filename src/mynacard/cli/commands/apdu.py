"""``mynacard apdu``: commands for the card, byte by byte."""

from __future__ import annotations

from typing import Final

import click

from mynacard.apdu.message import CommandApdu, ResponseApdu
from mynacard.apdu.secrecy import carries_secret
from mynacard.cli.language import _
from mynacard.cli.options import CardChoice, as_json, card_options
from mynacard.cli.output import print_json
from mynacard.cli.session import card_channel
from mynacard.errors import ProtocolError, UsageError
from mynacard.texts import N_

__all__ = ["apdu"]

_INVALID_CLASS: Final = 0xFF
"""Invalid for cards (ISO/IEC 7816-4:2005 §5.1.1); readers use it for commands of their own (PC/SC part 3)."""


@click.command(
    help=_("Send command APDUs, each in hexadecimal, and print the answers. Refuses commands that hold a PIN.")
)
@click.argument("commands", nargs=-1, required=True, metavar="HEX...")
@as_json
@card_options
def apdu(commands: tuple[str, ...], card: CardChoice, as_json: bool) -> None:
    wires = [_parse(text) for text in commands]  # all are checked before the first is sent
    with card_channel(card) as channel:
        answers = [ResponseApdu.parse(channel.transmit(wire)) for wire in wires]
    if as_json:
        print_json([{"data": answer.data.hex().upper(), "status": str(answer.status)} for answer in answers])
        return
    for answer in answers:
        click.echo(f"{answer.data.hex().upper()} {answer.status} ({_(answer.status.meaning)})".lstrip())


def _parse(text: str) -> bytes:
    try:
        wire = bytes.fromhex(text)
    except ValueError:
        raise UsageError(N_("An argument is not hexadecimal.")) from None
    try:
        CommandApdu.parse(wire)
    except ProtocolError as error:  # the mistake of the person who typed it, not of a peer
        raise UsageError(N_("An argument is not a command APDU (ISO/IEC 7816-3:2006 §12.1).")) from error
    if carries_secret(wire):
        raise UsageError(N_("This would present or change a PIN. Use mynacard pin, which counts the tries first."))
    if wire[0] == _INVALID_CLASS:
        raise UsageError(N_("Class FF is for the reader, not for the card, and could wrap a PIN."))
    return wire
