"""ISO/IEC 7816: commands to a card and its answers, as bytes and as values.

Knows neither applications nor readers. Parts that only the library's other packages need (the commands, TLV) stay in
their own modules.
"""

from typing import TYPE_CHECKING

from mynacard._lazy import names_from

if TYPE_CHECKING:
    from mynacard.apdu.channel import CardProfile, Channel
    from mynacard.apdu.message import Card, CommandApdu, ResponseApdu
    from mynacard.apdu.pins import Blocked, PinReference, PinStatus, TriesLeft, TriesUnknown, Verified
    from mynacard.apdu.status import StatusWord
    from mynacard.apdu.verification import pin_status, verify
else:
    __getattr__, __dir__ = names_from(
        __name__,
        {
            "mynacard.apdu.channel": "CardProfile Channel",
            "mynacard.apdu.message": "Card CommandApdu ResponseApdu",
            "mynacard.apdu.pins": "Blocked PinReference PinStatus TriesLeft TriesUnknown Verified",
            "mynacard.apdu.status": "StatusWord",
            "mynacard.apdu.verification": "pin_status verify",
        },
    )

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
