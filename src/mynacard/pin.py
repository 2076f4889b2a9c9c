"""A PIN that does not show itself, and one that never comes here."""

from __future__ import annotations

import hmac
from dataclasses import dataclass
from typing import Final, NoReturn

__all__ = ["AtKeypad", "Pin"]


class Pin:
    """The bytes of a PIN or password, given away only by :meth:`reveal`.

    Prints as ``Pin(…)``, cannot be pickled, copied into text or iterated, and compares in constant time.
    It has no form of its own: what form a PIN must have is known where the PIN is known
    (:mod:`mynacard.apdu.verification`).

    Python cannot promise to wipe memory: the string it was typed into, the copies the interpreter made and
    the buffers of the PC/SC service are out of reach. A reader with a keypad is the better answer.
    """

    __slots__ = ("__secret",)

    def __init__(self, secret: str | bytes) -> None:
        # What is not ASCII keeps its UTF-8 bytes here, so that the check of the form can refuse it.
        self.__secret: Final = secret.encode("utf-8", "surrogatepass") if isinstance(secret, str) else bytes(secret)

    def reveal(self) -> bytes:
        """The secret itself. One search for this name finds every use."""
        return self.__secret

    def __len__(self) -> int:
        return len(self.__secret)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Pin) and hmac.compare_digest(self.__secret, other.__secret)

    __hash__ = None  # type: ignore[assignment]  # a hash of a four-digit secret is the secret

    def __repr__(self) -> str:
        return f"{type(self).__name__}(…)"

    def __format__(self, spec: str) -> str:
        return format(repr(self), spec)

    def __reduce_ex__(self, protocol: object) -> NoReturn:
        raise TypeError(f"a {type(self).__name__} cannot be pickled or copied")


@dataclass(frozen=True, slots=True)
class AtKeypad:
    """In the place of a PIN: its holder types it at the reader's own keys, and no program of this machine has it.

    Digits alone; no keypad has letters. While the holder types, other programs wait for the card.

    Attributes:
        timeout_s: so long the reader waits for the holder's first key, and from there for the last, 1..255. Some
            readers have a time of their own.
        untested: also on a reader of which :mod:`mynacard.readers.profiles` does not say that its keypad was tried.
    """

    timeout_s: int = 30
    untested: bool = False
