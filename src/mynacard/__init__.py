"""mynacard: Japan's Individual Number Card (マイナンバーカード) and residence card (在留カード) for programs.

The names below load their modules when they are first used: importing this package loads nothing else.
"""

from mynacard._lazy import names_from
from mynacard._version import __version__

TYPE_CHECKING = False  # as type checkers take it; the one in typing would cost more than all the rest
if TYPE_CHECKING:
    from mynacard.apdu import Card, Channel
    from mynacard.errors import CardError, MynacardError, ProtocolError, ReaderError
    from mynacard.jpki import DIGITAL_SIGNATURE, USER_AUTHENTICATION, HashAlgorithm, JpkiSession
    from mynacard.opening import connect_card, open_card
    from mynacard.opening.card_numbers import opened_residence_card, unlocked_residence_card
    from mynacard.opening.pins import PinProvider, PinRequest, verified_session
    from mynacard.pin import AtKeypad, Pin
    from mynacard.residence import CardNumber, ResidenceCard
else:
    __getattr__, _ = names_from(
        __name__,
        {
            "mynacard.apdu": "Card Channel",
            "mynacard.errors": "CardError MynacardError ProtocolError ReaderError",
            "mynacard.jpki": "DIGITAL_SIGNATURE USER_AUTHENTICATION HashAlgorithm JpkiSession",
            "mynacard.opening": "connect_card open_card",
            "mynacard.opening.card_numbers": "opened_residence_card unlocked_residence_card",
            "mynacard.opening.pins": "PinProvider PinRequest verified_session",
            "mynacard.pin": "AtKeypad Pin",
            "mynacard.residence": "CardNumber ResidenceCard",
        },
    )

__all__ = [
    "DIGITAL_SIGNATURE",
    "USER_AUTHENTICATION",
    "AtKeypad",
    "Card",
    "CardError",
    "CardNumber",
    "Channel",
    "HashAlgorithm",
    "JpkiSession",
    "MynacardError",
    "Pin",
    "PinProvider",
    "PinRequest",
    "ProtocolError",
    "ReaderError",
    "ResidenceCard",
    "__version__",
    "connect_card",
    "open_card",
    "opened_residence_card",
    "unlocked_residence_card",
    "verified_session",
]


def __dir__() -> list[str]:
    """The public names, and the rooms: both can be completed, and neither is loaded."""
    from pkgutil import iter_modules  # noqa: PLC0415 - only completion needs it, and it would double the import's time

    rooms = (room.name for room in iter_modules(__path__) if not room.name.startswith("_"))
    return sorted({*__all__, *rooms})
