"""What passed to a card that a bystander could use."""

from __future__ import annotations

from typing import Final

from mynacard.apdu.commands import LOG_OUT, encode

__all__ = ["Exposure", "LOG_OUT_WIRE", "carries_secret"]

LOG_OUT_WIRE: Final = bytes(encode(LOG_OUT))
_DONE: Final = b"\x90\x00"
_SECRET_INSTRUCTIONS: Final = frozenset({
    0x20, 0x21,  # VERIFY
    0x82,        # MUTUAL AUTHENTICATE: whoever has it can try numbers on it, without the card
    0x24, 0x25, 0x26, 0x27, 0x28, 0x29, 0x2C, 0x2D,  # CHANGE, DISABLE, ENABLE, RESET (ISO/IEC 7816-4:2005 §7.5.7-10)
    0x32, 0x54,  # the card's own CHANGE KEY and UNLOCK KEY (JICSAP)
    0xC2, 0xC3,  # ENVELOPE, which may hold any of these
})  # fmt: skip


class Exposure:
    """Watches the commands and answers of one card.

    Attributes:
        pin_shown: a PIN or password was sent to the card, whatever it said: the card must be powered off.
        login_possible: and no successful log-out came since: it must be logged out before.
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


def carries_secret(command: bytes) -> bool:
    """Whether the command APDU *command*, of whatever class, presents, proves or changes a PIN or key.

    Such a command is never shown, recorded or passed on for somebody; and once one was sent the card must be powered
    off. A bare header (VERIFY's status query) carries none.
    """
    return len(command) > 5 and command[1] in _SECRET_INSTRUCTIONS
