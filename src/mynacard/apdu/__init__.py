"""ISO/IEC 7816: what is said to a card and what it answers, as bytes and as values.

Knows no application and no reader. Parts of it that only this library's other rooms need (the commands, TLV) stay in
their modules.
"""

from mynacard.apdu.channel import CardProfile, Channel
from mynacard.apdu.message import Card, CommandApdu, ResponseApdu
from mynacard.apdu.pins import Blocked, PinReference, PinStatus, TriesLeft, TriesUnknown, Verified
from mynacard.apdu.status import StatusWord
from mynacard.apdu.verification import pin_status, verify

__all__ = [
    "Blocked",
    "Card",
    "CardProfile",
    "Channel",
    "CommandApdu",
    "PinReference",
    "PinStatus",
    "ResponseApdu",
    "StatusWord",
    "TriesLeft",
    "TriesUnknown",
    "Verified",
    "pin_status",
    "verify",
]
