"""``mynacard apdu``: commands for the card, byte by byte."""

from __future__ import annotations

import sys
from itertools import starmap
from typing import Final

import click

from mynacard.apdu.message import CommandApdu, ResponseApdu
from mynacard.apdu.secrecy import carries_secret
from mynacard.cli.commands import HELP
from mynacard.cli.language import _
from mynacard.cli.options import CardChoice, as_json, card_options
from mynacard.cli.output import print_json
from mynacard.cli.session import card_channel
from mynacard.cli.terminal import as_rows
from mynacard.errors import ProtocolError, UsageError
from mynacard.texts import N_, Sentence

__all__ = ["apdu"]

_HEADER: Final = 4
"""Bytes of CLA, INS, P1 and P2."""
_INVALID_CLASS: Final = 0xFF
"""Invalid for cards (ISO/IEC 7816-4:2005 §5.1.1); readers use it for commands of their own (PC/SC part 3)."""


@click.command(help=_(HELP["apdu"]))
@click.argument("commands", nargs=-1, required=True, metavar="HEX...")
@as_json
@card_options
def apdu(commands: tuple[str, ...], card: CardChoice, as_json: bool) -> None:
    wires = list(starmap(_parse, enumerate(commands, 1)))  # all are checked before the first is sent
    with card_channel(card) as channel:
        answers = [ResponseApdu.parse(channel.transmit(wire)) for wire in wires]
    if as_json:
        print_json([{"data": answer.data.hex().upper(), "status": str(answer.status)} for answer in answers])
        return
    for answer in answers:
        line = f"{answer.data.hex().upper()} {answer.status} ({_(answer.status.meaning)})".lstrip()
        click.echo(line, file=as_rows(sys.stdout))


def _parse(number: int, text: str) -> bytes:
    """The command in the argument of this *number*. No error shows the argument: a PIN may be in it."""
    try:
        wire = bytes.fromhex(text)
    except ValueError:
        raise UsageError(N_("Argument {number} is not hexadecimal: two digits a byte."), number=number) from None
    try:
        CommandApdu.parse(wire)
    except ProtocolError as error:  # the mistake of the person who typed it, not of a peer
        raise UsageError(
            N_("Argument {number} is not a command APDU (ISO/IEC 7816-3:2006 §12.1): {part}"),
            number=number,
            part=_wrong_part(wire),
        ) from error
    if carries_secret(wire):
        raise UsageError(N_("This would present or change a PIN. Use mynacard pin, which counts the tries first."))
    if wire[0] == _INVALID_CLASS:
        raise UsageError(N_("Class FF is for the reader, not for the card, and could wrap a PIN."))
    return wire


def _wrong_part(wire: bytes) -> Sentence:
    """What is wrong with *wire*, which is not a command APDU: its header, or its Lc and what follows."""
    header, body = wire[:_HEADER], wire[_HEADER:]
    if len(header) < _HEADER:
        return Sentence(N_("CLA, INS, P1 and P2 are 4 bytes; it has {count}."), {"count": len(header)})
    extended = body[0] == 0
    size = 3 if extended else 1
    if len(body) < size:
        return Sentence(N_("an extended Lc or Le is 00 and two more bytes; it has {count}."), {"count": len(body) - 1})
    nc = int.from_bytes(body[:size], "big")
    if nc == 0:
        return Sentence(N_("an extended Lc is not 0000."))
    return Sentence(
        N_("Lc says {nc} bytes of data; it has {count}, Le included."), {"nc": nc, "count": len(body) - size}
    )
