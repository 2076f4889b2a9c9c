"""The APDUs between a program and a card as lines for people, with secrets masked."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from mynacard.apdu.keypad import TypedCommand, with_keys
from mynacard.apdu.message import Card, ResponseApdu
from mynacard.apdu.secrecy import MASK, carries_secret, told
from mynacard.cli.language import _

__all__ = ["Trace", "answer_line", "command_line"]

_SHOWN: Final = 24
"""How many bytes of a long message are shown."""


class Trace:
    """A card around *card* that passes everything on, and gives *show* a line for each command and answer."""

    def __init__(self, card: Card, show: Callable[[str], None]) -> None:
        self._card = card
        self._show = show
        self.count = 0

    def transmit(self, command: bytes, /) -> bytes:
        self.count += 1
        self._show(command_line(command))
        answer = self._card.transmit(command)
        self._show(answer_line(answer))
        return answer

    def transmit_typed(self, command: TypedCommand, /) -> bytes:
        card = with_keys(self._card)
        self.count += 1
        self._show(f"  > {_hex(command.header)} {_('(a PIN, typed at the reader)')}")
        answer = card.transmit_typed(command)
        self._show(answer_line(answer))
        return answer


def command_line(command: bytes) -> str:
    """*command* as a line; if it carries a secret, only its header and a mask of fixed length."""
    return f"  > {_hex(told(command))}" + f" {MASK}" * carries_secret(command)


def answer_line(answer: bytes | None) -> str:
    """*answer* as a line. It may lack a status word; None means that no answer came."""
    if not answer:
        return "  < (none)" if answer is None else "  < (empty)"
    if len(answer) < 2:
        return f"  < {_hex(answer)}"
    response = ResponseApdu.parse(answer)
    return f"  < {f'{_hex(response.data)} {response.status}'.lstrip()}"


def _hex(data: bytes) -> str:
    shown = data[:_SHOWN].hex(" ").upper()
    return shown if len(data) <= _SHOWN else f"{shown} … ({len(data)} bytes)"
