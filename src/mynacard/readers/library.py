"""The PC/SC library: where it is, what of it is used, and its functions with exceptions for codes.

The raw layer of pyscard, ``smartcard.scard``, is handed around as a value of type :class:`Scard`; it is imported when a
reader is first asked for, and never by importing this module.
"""
# ruff: noqa: N802 - the names of functions and constants are PC/SC's

from __future__ import annotations

import ctypes
import importlib
import sys
from collections.abc import Callable, Sequence
from typing import Any, Final, Protocol, TypeVar, cast

from mynacard.errors import NoPcscLibraryError, ReaderError, mark
from mynacard.readers.codes import SUCCESS, failure, unsigned

__all__ = ["Calls", "Scard", "find_library"]

_LIBRARY: Final = "libpcsclite.so.1"
_BINDING: Final = "smartcard.scard"

_NO_LIBRARY: Final = mark(
    "This machine has no PC/SC library: install it (Debian, Ubuntu: sudo apt install pcscd; "
    "Fedora: sudo dnf install pcsc-lite pcsc-lite-ccid)."
)
_NO_BINDING: Final = mark(
    'This Python has no usable PC/SC binding: install it with pip install "mynacard[pcsc]" '
    "(Debian, Ubuntu: or with sudo apt install python3-pyscard)."
)
_BINDING_FAILED: Final = mark("The PC/SC binding failed in {call} ({cause}); what it did is unknown.")

T = TypeVar("T")
Answer = Any  # pyscard has no types: a code alone, or a list of the code and what the function brings


class Scard(Protocol):
    """What is used of pyscard's ``smartcard.scard``: each function answers a code, or a list of code and values."""

    SCARD_SCOPE_USER: int
    SCARD_SHARE_SHARED: int
    SCARD_PROTOCOL_T0: int
    SCARD_PROTOCOL_T1: int
    SCARD_LEAVE_CARD: int
    SCARD_UNPOWER_CARD: int
    SCARD_STATE_UNAWARE: int
    SCARD_STATE_PRESENT: int
    SCARD_STATE_EXCLUSIVE: int
    SCARD_STATE_INUSE: int
    SCARD_STATE_MUTE: int

    def SCardEstablishContext(self, scope: int, /) -> Answer: ...
    def SCardReleaseContext(self, context: int, /) -> Answer: ...
    def SCardListReaders(self, context: int, groups: list[str], /) -> Answer: ...
    def SCardGetStatusChange(self, context: int, timeout_ms: int, states: list[tuple[str, int]], /) -> Answer: ...
    def SCardConnect(self, context: int, reader: str, mode: int, protocols: int, /) -> Answer: ...
    def SCardDisconnect(self, card: int, disposition: int, /) -> Answer: ...
    def SCardBeginTransaction(self, card: int, /) -> Answer: ...
    def SCardEndTransaction(self, card: int, disposition: int, /) -> Answer: ...
    def SCardStatus(self, card: int, /) -> Answer: ...
    def SCardTransmit(self, card: int, protocol: int, command: list[int], /) -> Answer: ...


def find_library() -> Scard:
    """pyscard's raw layer.

    Raises:
        NoPcscLibraryError: the system's library or the Python binding is missing; the message says what to install.
    """
    if sys.platform.startswith("linux"):
        _probe()
    try:
        return cast("Scard", importlib.import_module(_BINDING))
    except (ImportError, OSError) as error:
        raise NoPcscLibraryError(_NO_BINDING) from error


def _probe() -> None:
    """Where the library is missing, importing the binding prints so on stdout, in the middle of somebody's output."""
    try:
        ctypes.CDLL(_LIBRARY)
    except OSError as error:
        raise NoPcscLibraryError(_NO_LIBRARY) from error


class Calls:
    """The functions of PC/SC, each called once, with values for answers and ReaderErrors for codes.

    Args:
        scard: the raw layer.
        reader: the reader they are about, for messages.
    """

    def __init__(self, scard: Scard, reader: str | None = None) -> None:
        self._scard = scard
        self._reader = reader

    def establish_context(self) -> int:
        return self._ask(int, self._scard.SCardEstablishContext, self._scard.SCARD_SCOPE_USER)

    def release_context(self, context: int) -> None:
        self._ask(_nothing, self._scard.SCardReleaseContext, context)

    def list_readers(self, context: int) -> tuple[str, ...]:
        return self._ask(_names, self._scard.SCardListReaders, context, [])

    def states(self, context: int, readers: Sequence[str]) -> tuple[tuple[str, int, bytes], ...]:
        """Name, state bits and ATR of each of *readers*, as they are now."""
        unaware = [(reader, self._scard.SCARD_STATE_UNAWARE) for reader in readers]
        return self._ask(_states, self._scard.SCardGetStatusChange, context, 0, unaware)

    def connect(self, context: int, reader: str) -> tuple[int, int]:
        """A connection to the card on *reader*, shared with other programs, and its protocol."""
        protocols = self._scard.SCARD_PROTOCOL_T0 | self._scard.SCARD_PROTOCOL_T1
        return self._ask(_pair, self._scard.SCardConnect, context, reader, self._scard.SCARD_SHARE_SHARED, protocols)

    def disconnect(self, card: int, *, power_off: bool) -> None:
        self._ask(_nothing, self._scard.SCardDisconnect, card, self._disposition(power_off))

    def begin_transaction(self, card: int) -> None:
        self._ask(_nothing, self._scard.SCardBeginTransaction, card)

    def end_transaction(self, card: int, *, power_off: bool) -> None:
        self._ask(_nothing, self._scard.SCardEndTransaction, card, self._disposition(power_off))

    def atr(self, card: int) -> bytes:
        return self._ask(_atr, self._scard.SCardStatus, card)

    def transmit(self, card: int, protocol: int, command: bytes) -> bytes:
        # The binding wants numbers, and the protocol where PC/SC has a structure.
        return self._ask(bytes, self._scard.SCardTransmit, card, protocol, list(command))

    def _disposition(self, power_off: bool) -> int:
        # Never SCARD_RESET_CARD: PINs were seen to stay verified over a warm reset.
        return self._scard.SCARD_UNPOWER_CARD if power_off else self._scard.SCARD_LEAVE_CARD

    def _ask(self, read: Callable[..., T], function: Callable[..., Answer], *arguments: object) -> T:
        """What *read* makes of the values that *function* answers.

        The binding raises a bare SystemError for a null handle, and TypeErrors. Of these the class alone is told: their
        words may quote the arguments.
        """
        call = getattr(function, "__name__", _BINDING)
        try:
            answer = function(*arguments)
            parts: list[Any] = [answer] if isinstance(answer, int) else list(answer)
            code = unsigned(parts[0])
            if code == SUCCESS:
                return read(*parts[1:])
        except Exception as error:
            raise ReaderError(_BINDING_FAILED, call=call, cause=type(error).__name__) from error
        raise failure(code, call, self._reader)


def _nothing(*_: object) -> None:
    return None


def _pair(card: int, protocol: int) -> tuple[int, int]:
    return card, protocol


def _names(readers: Sequence[str]) -> tuple[str, ...]:
    return tuple(readers)


def _states(states: Sequence[tuple[str, int, Sequence[int]]]) -> tuple[tuple[str, int, bytes], ...]:
    return tuple((name, state, bytes(atr)) for name, state, atr in states)


def _atr(_reader: str, _state: int, _protocol: int, atr: Sequence[int]) -> bytes:
    return bytes(atr)
