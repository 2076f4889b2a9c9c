"""How a simulated card refuses a command that no form fits: by the first part of it that is wrong."""

from __future__ import annotations

from typing import Final

from mynacard.apdu.commands import Part
from mynacard.apdu.message import CommandApdu, ResponseApdu
from mynacard.apdu.status import StatusWord
from mynacard.simulator.choices import chosen
from mynacard.simulator.refusal import REFUSALS, status_only

__all__ = ["refuse"]

_SELECT: Final = (0x00, 0xA4)
_SELECT_OTHERWISE: Final = chosen(
    REFUSALS[Part.LENGTH],
    "SELECT by name whose P2 and Le disagree: '0C' with an Le, '00' without",
    "'6700', and nothing is selected",
    "? (no source tells what a card does)",
)
_KNOWN_AND_REFUSED: Final = chosen(
    {
        (0x80, 0xA2): StatusWord.WRONG_P1_P2,  # takes a terminal's certificate; with which P1-P2 is not known
        (0x80, 0xFC): StatusWord.WRONG_LENGTH,  # a phone's
        (0x80, 0x8A): StatusWord.WRONG_P1_P2,  # the issuer's
    },
    "'80 A2', '80 FC' and '80 8A', whose P1-P2 and data no source tells",
    "'6A86', '6700' and '6A86', in every application",
    "B that cards know them, and the first two status words for some forms",
)
"""Instructions that cards were seen to know, while they refused every form that was tried (statements.json)."""
_ASKS_THE_ISSUER: Final = chosen(
    StatusWord.SECURITY_STATUS_NOT_SATISFIED,
    "'80 8A' with P1 22 or 24",
    certainty="B that it differs from another P1",
)
_CHECKS_THE_ISSUER: Final = frozenset({(0x80, 0x8A, 0x22), (0x80, 0x8A, 0x24)})
"""What reaches the check whether the issuer is asking, by P1: told of cards, and never to be tried on a real one."""
_OF_OTHER_CARDS: Final = frozenset({(0x00, 0x82)})
"""Instructions that only the residence card knows."""


def refuse(apdu: CommandApdu, part: Part) -> ResponseApdu:
    """The refusal of *apdu*, whose *part* is the first that fits no form."""
    part = Part.INS if (apdu.cla, apdu.ins) in _OF_OTHER_CARDS else part
    if part is Part.CLA and apdu.cla < 0x10:  # interindustry: secure messaging and logical channels
        return status_only(_other_class(apdu))
    if (apdu.cla, apdu.ins, apdu.p1) in _CHECKS_THE_ISSUER:
        return status_only(_ASKS_THE_ISSUER)
    if part is Part.INS:
        return status_only(_KNOWN_AND_REFUSED.get((apdu.cla, apdu.ins), REFUSALS[part]))
    if part is Part.LENGTH and (apdu.cla, apdu.ins) == _SELECT:
        return status_only(_SELECT_OTHERWISE)
    return status_only(REFUSALS[part])


def _other_class(apdu: CommandApdu) -> int:
    if apdu.cla & 0x03:
        return StatusWord.LOGICAL_CHANNEL_NOT_SUPPORTED
    if apdu.ins in (0xB0, 0x20):
        return StatusWord.NO_SECURE_MESSAGING_SESSION
    return StatusWord.SECURE_MESSAGING_NOT_SUPPORTED
