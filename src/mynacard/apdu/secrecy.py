"""Which commands carry a secret, and how much of them may be shown.

One rule for everything that prints, logs, traces or records commands: if a command carries a secret, only its header is
shown, neither the secret nor its length. The length of a PIN says how many PINs an attacker has to try.
"""

from __future__ import annotations

from typing import Final

__all__ = ["HEADER", "MASK", "SECRET_INSTRUCTIONS", "carries_secret", "told"]

HEADER: Final = 4
"""The length of a command's header in bytes: CLA, INS, P1, P2."""
MASK: Final = "**"
"""Stands for a secret of any length in texts, and for one byte in recordings."""
SECRET_INSTRUCTIONS: Final = frozenset({
    0x20, 0x21,  # VERIFY
    0x82,        # MUTUAL AUTHENTICATE: an attacker who has it can try numbers on it, without the card
    0x24, 0x25, 0x26, 0x27, 0x28, 0x29, 0x2C, 0x2D,  # CHANGE, DISABLE, ENABLE, RESET (ISO/IEC 7816-4:2005 §7.5.7-10)
    0x32, 0x54,  # the card's own CHANGE KEY and UNLOCK KEY (JICSAP)
    0xC2, 0xC3,  # ENVELOPE, which may hold any of these
})  # fmt: skip
"""The data field of these commands, where there is one, is a secret."""


def carries_secret(command: bytes) -> bool:
    """Whether the command APDU *command*, of any class, presents, proves or changes a PIN or key.

    Such a command is never shown, recorded or passed on for another program; once one was sent, the card must be
    powered off. A bare header (VERIFY's status query) carries no secret.
    """
    return len(command) > HEADER + 1 and command[1] in SECRET_INSTRUCTIONS


def told(command: bytes) -> bytes:
    """The part of the command APDU *command* that may be shown: all, or only its header where a secret follows."""
    return command[:HEADER] if carries_secret(command) else command
