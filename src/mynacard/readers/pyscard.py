"""PC/SC through the raw layer of pyscard, ``smartcard.scard``.

Its functions return only a code, or a list of the code and the results. They take and return bytes as lists of numbers,
and take the protocol's number where PC/SC has a structure.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Final, TypeVar

from mynacard.readers.library import Disposition, Library, Outcome, Share, Status

__all__ = ["Pyscard"]

T = TypeVar("T")

_FAILURE: Final[Any] = None
"""Stands for the result of a function that failed."""


class Pyscard(Library):
    """pyscard's raw layer as a :class:`~mynacard.readers.library.Library`.

    Args:
        scard: the module ``smartcard.scard``, which has no types.
    """

    def __init__(self, scard: Any) -> None:
        self._scard = scard

    @property
    def name(self) -> str:
        return "pyscard"

    def establish_context(self) -> Outcome[int]:
        return _outcome(int, self._scard.SCardEstablishContext(self._scard.SCARD_SCOPE_USER))

    def release_context(self, context: int, /) -> Outcome[None]:
        return _outcome(_nothing, self._scard.SCardReleaseContext(context))

    def cancel(self, context: int, /) -> Outcome[None]:
        return _outcome(_nothing, self._scard.SCardCancel(context))

    def list_readers(self, context: int, /) -> Outcome[tuple[str, ...]]:
        return _outcome(_names, self._scard.SCardListReaders(context, []))

    def get_status_change(
        self, context: int, timeout_ms: int, states: Sequence[tuple[str, int]], /
    ) -> Outcome[tuple[Status, ...]]:
        return _outcome(_states, self._scard.SCardGetStatusChange(context, timeout_ms, list(states)))

    def connect(self, context: int, reader: str, share: Share, protocols: int, /) -> Outcome[tuple[int, int]]:
        return _outcome(_pair, self._scard.SCardConnect(context, reader, int(share), protocols))

    def disconnect(self, card: int, disposition: Disposition, /) -> Outcome[None]:
        return _outcome(_nothing, self._scard.SCardDisconnect(card, int(disposition)))

    def begin_transaction(self, card: int, /) -> Outcome[None]:
        return _outcome(_nothing, self._scard.SCardBeginTransaction(card))

    def end_transaction(self, card: int, disposition: Disposition, /) -> Outcome[None]:
        return _outcome(_nothing, self._scard.SCardEndTransaction(card, int(disposition)))

    def status(self, card: int, /) -> Outcome[bytes]:
        return _outcome(_atr, self._scard.SCardStatus(card))

    def transmit(self, card: int, protocol: int, command: bytes, /) -> Outcome[bytes]:
        return _outcome(bytes, self._scard.SCardTransmit(card, protocol, list(command)))

    def control_code(self, function: int, /) -> int:
        return int(self._scard.SCARD_CTL_CODE(function))

    def control(self, card: int, code: int, data: bytes, /) -> Outcome[bytes]:
        return _outcome(bytes, self._scard.SCardControl(card, code, list(data)))


def _outcome(read: Callable[..., T], answer: Any) -> Outcome[T]:
    """The code in *answer*, and after a success the rest, converted by *read*."""
    code, *values = [answer] if isinstance(answer, int) else answer
    return int(code), _FAILURE if code else read(*values)


def _nothing() -> None:
    return None


def _names(names: Sequence[str]) -> tuple[str, ...]:
    return tuple(names)


def _pair(card: int, protocol: int) -> tuple[int, int]:
    return card, protocol


def _states(states: Sequence[tuple[str, int, Sequence[int]]]) -> tuple[Status, ...]:
    return tuple((name, state, bytes(atr)) for name, state, atr in states)


def _atr(_reader: str, _state: int, _protocol: int, atr: Sequence[int]) -> bytes:
    return bytes(atr)
