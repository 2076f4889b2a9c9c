"""PC/SC behind one small protocol: the functions that we use, their numbers, and exceptions for their codes.

Two implementations: :mod:`mynacard.readers.pyscard` and :mod:`mynacard.readers.native`. Both are thin, and one
conformance suite runs over both. :mod:`mynacard.readers.finding` chooses one.

Source: PC/SC Workgroup, part 5; winscard.h (Windows SDK) and pcsclite.h (pcsc-lite 1.9.9), which agree on the numbers.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from enum import IntEnum, IntFlag
from typing import Final, Protocol, TypeAlias, TypeVar

from mynacard.apdu.keypad import GET_FEATURE_REQUEST, parse_features
from mynacard.errors import ReaderError
from mynacard.readers.codes import SUCCESS, failure, unsigned
from mynacard.texts import N_

__all__ = ["ANY_PROTOCOL", "Calls", "Disposition", "Library", "Share", "State", "Status", "known"]

T = TypeVar("T")
Outcome: TypeAlias = tuple[int, T]
"""A PC/SC return code, of either sign, and the function's result, which is valid only after a success."""

Status: TypeAlias = tuple[str, int, bytes]
"""A reader's name; its :class:`State`, with a count of its events in the upper 16 bits; the ATR of the card on it."""

ANY_PROTOCOL: Final = 3
"""SCARD_PROTOCOL_T0 and SCARD_PROTOCOL_T1."""

_NOTHING_CHANGED: Final = frozenset({0x8010000A, 0x80100002})
"""SCARD_E_TIMEOUT and SCARD_E_CANCELLED, from the one function that waits for something to happen."""
_FAILED: Final = N_("The PC/SC binding failed in {call} ({cause}); what it did is unknown.")


class Share(IntEnum):
    """How a connection shares its card with other programs."""

    EXCLUSIVE = 1
    SHARED = 2
    DIRECT = 3


class Disposition(IntEnum):
    """The treatment of the card when a transaction or a connection ends."""

    LEAVE = 0
    RESET = 1
    UNPOWER = 2
    EJECT = 3


class State(IntFlag):
    """The state of a reader, as SCardGetStatusChange reports it."""

    UNAWARE = 0x0000
    IGNORE = 0x0001
    CHANGED = 0x0002
    UNKNOWN = 0x0004
    UNAVAILABLE = 0x0008
    EMPTY = 0x0010
    PRESENT = 0x0020
    EXCLUSIVE = 0x0080
    IN_USE = 0x0100
    MUTE = 0x0200


def known(bits: int) -> int:
    """The state *bits* to pass to the next call: the reported change is known now. The count of events stays."""
    return bits & ~int(State.CHANGED)  # an IntFlag's own ~ would drop the count


class Library(Protocol):
    """A PC/SC library. Each function makes one call, and returns what that returned; no code makes it raise.

    Handles are numbers. A function may block for as long as PC/SC does.
    """

    @property
    def name(self) -> str:
        """The library's name, for people."""
        ...

    def establish_context(self) -> Outcome[int]: ...
    def release_context(self, context: int, /) -> Outcome[None]: ...
    def cancel(self, context: int, /) -> Outcome[None]:
        """End a :meth:`get_status_change` that blocks in another thread."""
        ...

    def list_readers(self, context: int, /) -> Outcome[tuple[str, ...]]: ...
    def get_status_change(
        self, context: int, timeout_ms: int, states: Sequence[tuple[str, int]], /
    ) -> Outcome[tuple[Status, ...]]:
        """Wait until a reader's state differs from the one in *states*; State.UNAWARE never waits."""
        ...

    def connect(self, context: int, reader: str, share: Share, protocols: int, /) -> Outcome[tuple[int, int]]:
        """A card handle, and the protocol that card and reader speak."""
        ...

    def disconnect(self, card: int, disposition: Disposition, /) -> Outcome[None]: ...
    def begin_transaction(self, card: int, /) -> Outcome[None]: ...
    def end_transaction(self, card: int, disposition: Disposition, /) -> Outcome[None]: ...
    def status(self, card: int, /) -> Outcome[bytes]:
        """The ATR of the card."""
        ...

    def transmit(self, card: int, protocol: int, command: bytes, /) -> Outcome[bytes]: ...
    def control_code(self, function: int, /) -> int:
        """SCARD_CTL_CODE(*function*), which differs between systems."""
        ...

    def control(self, card: int, code: int, data: bytes, /) -> Outcome[bytes]:
        """Send *data* to the reader itself, under the control code *code*; its answer."""
        ...


class Calls:
    """The functions of PC/SC, each called once, with plain results and a ReaderError for every code but success.

    Args:
        library: the PC/SC library.
        reader: the reader that the calls are about, for messages.

    Raises:
        ReaderError: from every method: the function failed; the class and the message say what its code means.
    """

    def __init__(self, library: Library, reader: str | None = None) -> None:
        self._library = library
        self._reader = reader

    def establish_context(self) -> int:
        return self._ask("SCardEstablishContext", self._library.establish_context)

    def release_context(self, context: int) -> None:
        self._ask("SCardReleaseContext", self._library.release_context, context)

    def cancel(self, context: int) -> None:
        self._ask("SCardCancel", self._library.cancel, context)

    def list_readers(self, context: int) -> tuple[str, ...]:
        return self._ask("SCardListReaders", self._library.list_readers, context)

    def get_status_change(self, context: int, timeout_ms: int, states: Sequence[tuple[str, int]]) -> tuple[Status, ...]:
        """The readers' states as soon as one differs from *states*; empty after the timeout, or if cancelled."""
        call = "SCardGetStatusChange"
        code, statuses = self._call(call, self._library.get_status_change, context, timeout_ms, states)
        if code in _NOTHING_CHANGED:
            return ()
        return self._result(call, code, statuses)

    def connect(self, context: int, reader: str, share: Share = Share.SHARED) -> tuple[int, int]:
        """A connection to the card on *reader*, or only to the reader (DIRECT), and its protocol."""
        protocols = 0 if share is Share.DIRECT else ANY_PROTOCOL
        return self._ask("SCardConnect", self._library.connect, context, reader, share, protocols)

    def disconnect(self, card: int, disposition: Disposition) -> None:
        self._ask("SCardDisconnect", self._library.disconnect, card, disposition)

    def begin_transaction(self, card: int) -> None:
        self._ask("SCardBeginTransaction", self._library.begin_transaction, card)

    def end_transaction(self, card: int, disposition: Disposition) -> None:
        self._ask("SCardEndTransaction", self._library.end_transaction, card, disposition)

    def atr(self, card: int) -> bytes:
        return self._ask("SCardStatus", self._library.status, card)

    def transmit(self, card: int, protocol: int, command: bytes) -> bytes:
        return self._ask("SCardTransmit", self._library.transmit, card, protocol, command)

    def features(self, card: int) -> Mapping[int, int]:
        """The control codes of the reader's features, by tag (PC/SC part 10); most readers answer with an error.

        Raises:
            ProtocolError: the answer is not a list of features.
        """
        code = self._library.control_code(GET_FEATURE_REQUEST)
        return parse_features(self._ask("SCardControl", self._library.control, card, code, b""))

    def control(self, card: int, code: int, data: bytes) -> bytes:
        return self._ask("SCardControl", self._library.control, card, code, data)

    def _ask(self, call: str, function: Callable[..., Outcome[T]], *arguments: object) -> T:
        return self._result(call, *self._call(call, function, *arguments))

    def _call(self, call: str, function: Callable[..., Outcome[T]], *arguments: object) -> Outcome[T]:
        """The code, without a sign, and the result of *function*.

        A binding raises SystemErrors and TypeErrors of its own. The message names only their class, since their text
        may quote the arguments.
        """
        try:
            code, value = function(*arguments)
            return unsigned(code), value
        except Exception as error:
            raise ReaderError(_FAILED, call=call, cause=type(error).__name__) from error

    def _result(self, call: str, code: int, value: T) -> T:
        if code != SUCCESS:
            raise failure(code, call, self._reader)
        return value
