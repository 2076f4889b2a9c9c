"""mynacard: Japan's Individual Number Card (マイナンバーカード) and residence card (在留カード) for programs.

The names below load their modules when they are first used: importing this package loads nothing else.
"""

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

_HOMES = {
    "DIGITAL_SIGNATURE": "jpki",
    "USER_AUTHENTICATION": "jpki",
    "AtKeypad": "pin",
    "Card": "apdu",
    "CardError": "errors",
    "CardNumber": "residence",
    "Channel": "apdu",
    "HashAlgorithm": "jpki",
    "JpkiSession": "jpki",
    "MynacardError": "errors",
    "Pin": "pin",
    "PinProvider": "opening.pins",
    "PinRequest": "opening.pins",
    "ProtocolError": "errors",
    "ReaderError": "errors",
    "ResidenceCard": "residence",
    "connect_card": "opening",
    "open_card": "opening",
    "opened_residence_card": "opening.card_numbers",
    "unlocked_residence_card": "opening.card_numbers",
    "verified_session": "opening.pins",
}


if not TYPE_CHECKING:  # else a type checker takes any name from here

    def __getattr__(name: str) -> object:
        from importlib import import_module  # noqa: PLC0415 - bare "import mynacard" does without

        if name not in _HOMES:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)


def __dir__() -> list[str]:
    """The public names, and the rooms: both can be completed, and neither is loaded."""
    from pkgutil import iter_modules  # noqa: PLC0415 - only completion needs it, and it would double the import's time

    rooms = (room.name for room in iter_modules(__path__) if not room.name.startswith("_"))
    return sorted({*__all__, *rooms})
