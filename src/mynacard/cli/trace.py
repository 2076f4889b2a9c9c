"""A card around a card that shows what passes, with secrets masked."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from mynacard.apdu.commands import carries_secret
from mynacard.apdu.message import Card, ResponseApdu

__all__ = ["Trace"]

_SHOWN: Final = 24
"""So many bytes of a long message are shown."""


class Trace:
    """Passes everything on to *card*, and lines about it to *show*."""

    def __init__(self, card: Card, show: Callable[[str], None]) -> None:
        self._card = card
        self._show = show
        self.count = 0

    def transmit(self, command: bytes, /) -> bytes:
        self.count += 1
        self._show(f"  > {_command_text(command)}")
        answer = self._card.transmit(command)
        self._show(f"  < {_answer_text(answer)}")
        return answer


def _command_text(command: bytes) -> str:
    if carries_secret(command):
        return f"{_hex(command[:5])} {'** ' * (len(command) - 5)}".rstrip()
    return _hex(command)


def _answer_text(answer: bytes) -> str:
    response = ResponseApdu.parse(answer)
    return f"{_hex(response.data)} {response.status}".lstrip()


def _hex(data: bytes) -> str:
    shown = data[:_SHOWN].hex(" ").upper()
    return shown if len(data) <= _SHOWN else f"{shown} … ({len(data)} bytes)"
