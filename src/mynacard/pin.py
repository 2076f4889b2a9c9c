"""A PIN that does not print itself, and one that never reaches this program."""

from __future__ import annotations

import hmac
from collections.abc import Callable
from typing import Final, NoReturn, TypeVar, overload

from mynacard._dataclasses import dataclass
from mynacard.arguments import BYTES, check_class
from mynacard.errors import UsageError

__all__ = ["AtKeypad", "Pin", "hidden"]

Ask = TypeVar("Ask", bound=Callable[..., object])


class Pin:
    """The bytes of a PIN or password, given out only by :meth:`reveal`.

    Prints as ``Pin(…)``, cannot be pickled, copied into text or iterated, and compares in constant time.
    It does not check the form of a PIN; :mod:`mynacard.apdu.verification` does, where it is known which PIN it is.

    Python cannot promise to wipe memory: the string it was typed into, the copies the interpreter made and
    the buffers of the PC/SC service are out of reach. A reader with a keypad is the better answer.

    Attributes:
        from_file: whether a file or descriptor held it, so that an error does not blame the holder's typing.

    Raises:
        UsageError: the secret is neither text nor bytes. A number has lost its leading zeros.
    """

    __slots__ = ("__secret", "from_file")

    def __init__(self, secret: str | bytes, *, from_file: bool = False) -> None:
        try:
            check_class(type(secret), str, *BYTES, wanted="str or bytes")
        except UsageError:
            del secret  # tracebacks show local variables
            raise
        # Text that is not ASCII keeps its UTF-8 bytes here, so that the form check can refuse it.
        self.__secret: Final = secret.encode("utf-8", "surrogatepass") if isinstance(secret, str) else bytes(secret)
        self.from_file: Final = from_file

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
    """Stands for a PIN that its holder types on the reader's own keypad; no program on this machine has it.

    Digits only; no keypad has letters. While the holder types, other programs wait for the card.

    Attributes:
        timeout_s: how long the reader waits for the first key, and from then on for the last, in seconds, 1..255. Some
            readers use a time of their own.
        untested: also accept a reader whose keypad :mod:`mynacard.readers.profiles` does not list as tried.
    """

    timeout_s: int = 30
    untested: bool = False


@overload
def hidden(secret: Pin | str | bytes) -> Pin: ...
@overload
def hidden(secret: AtKeypad) -> AtKeypad: ...
@overload
def hidden(secret: Ask) -> Ask: ...
def hidden(secret: object) -> object:
    """*secret*; where it is text or bytes, as a value that does not show itself.

    Whatever takes a secret from a caller replaces it by this before anything can fail: tracebacks show variables.
    """
    return Pin(secret) if isinstance(secret, str | bytes) else secret
