"""A card behind a PC/SC library, with its power in our hands; and the program that lets other processes use one.

As a program: lines of text in, one line out for each. ``open NAME``, ``t HEX``, ``off``, ``reset``, ``close``.
"""

from __future__ import annotations

import sys
from typing import Final

from mynacard.apdu.exposure import LOG_OUT_WIRE, Exposure
from mynacard.errors import MynacardError
from mynacard.readers.library import Calls, Disposition, Library

__all__ = ["PcscCard"]

_FAULT: Final = b"\x6f\x00"
_SELECT: Final = 0xA4


class PcscCard:
    """The card on the reader called *name*, in one transaction after the other."""

    def __init__(self, library: Library, name: str) -> None:
        self._calls = Calls(library, name)
        self._name = name
        self._context = self._calls.establish_context()
        try:
            self._connect()
        except BaseException:
            self._calls.release_context(self._context)
            raise

    def _connect(self) -> None:
        self._card, self._protocol = self._calls.connect(self._context, self._name)
        self._calls.begin_transaction(self._card)
        self._exposure = Exposure()
        self._fresh = True

    def transmit(self, command: bytes, /) -> bytes:
        self._exposure.sending(command)
        answer = self._calls.transmit(self._card, self._protocol, command)
        if self._fresh and answer == _FAULT and command[1] == _SELECT:  # cards were seen to, after power-on
            answer = self._calls.transmit(self._card, self._protocol, command)
        self._fresh = False
        self._exposure.answered(command, answer)
        return answer

    def power_cycle(self) -> None:
        """Cut the power, and restore it."""
        self._leave(Disposition.UNPOWER)
        self._connect()

    def warm_reset(self) -> None:
        """Reset it without cutting the power."""
        self._leave(Disposition.RESET)
        self._connect()

    def close(self) -> None:
        """Log out, cut the power, disconnect."""
        try:
            if self._exposure.login_possible:
                self.transmit(LOG_OUT_WIRE)
            self._leave(Disposition.UNPOWER)
        finally:
            self._calls.release_context(self._context)

    def _leave(self, disposition: Disposition) -> None:
        self._calls.end_transaction(self._card, Disposition.LEAVE)
        self._calls.disconnect(self._card, disposition)


def serve(library: Library) -> None:
    """Carry out the commands on standard input."""
    card: PcscCard | None = None
    for line in sys.stdin:
        word, _, rest = line.strip().partition(" ")
        said = ""
        try:
            match word, card:
                case "open", None:
                    card = PcscCard(library, rest)
                case "t", PcscCard():
                    said = card.transmit(bytes.fromhex(rest)).hex()
                case "off", PcscCard():
                    card.power_cycle()
                case "reset", PcscCard():
                    card.warm_reset()
                case "close", PcscCard():
                    card.close()
                    card = None
                case _:
                    said = f"! {word}"
        except MynacardError as error:
            said = f"! {type(error).__name__}: {error}"
        print(said, flush=True)


if __name__ == "__main__":
    from mynacard.readers import native

    serve(native.load())
