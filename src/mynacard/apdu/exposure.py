"""Whether a card was given anything that a bystander could use: a PIN, or a login."""

from __future__ import annotations

from typing import Final

from mynacard.apdu.commands import LOG_OUT, encode
from mynacard.apdu.secrecy import carries_secret

__all__ = ["Exposure", "LOG_OUT_WIRE", "carries_secret"]

LOG_OUT_WIRE: Final = bytes(encode(LOG_OUT))
_DONE: Final = b"\x90\x00"


class Exposure:
    """Watches the commands and answers of one card.

    Attributes:
        pin_shown: a PIN or password was sent to the card, whatever it answered. The card must be powered off.
        login_possible: and no log-out has succeeded since. The card must be logged out first.
    """

    def __init__(self) -> None:
        self.pin_shown = self.login_possible = False

    def sending(self, command: bytes) -> None:
        """*command* is about to be sent. It counts from here on: an answer may never come."""
        if carries_secret(command):
            self.pin_shown = self.login_possible = True

    def typed(self) -> None:
        """A PIN is about to be typed at the reader, which sends it to the card."""
        self.pin_shown = self.login_possible = True

    def answered(self, command: bytes, answer: bytes) -> None:
        """The card has answered *command*."""
        if command == LOG_OUT_WIRE and answer == _DONE:
            self.login_possible = False
