"""A door for this process: the functions of PC/SC, over the same readers that other programs meet through the socket.

It has no library, socket or thread of its own, so it is there on every system. Each function returns PC/SC's code, and
a value that is valid only after a success; it waits where PC/SC waits.

Source: pcsc-lite 1.9.9, src/winscard_clnt.c.
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Sequence
from typing import Final, TypeAlias, TypeVar

from mynacard.doors.pcsclite import messages as say
from mynacard.doors.pcsclite.calls import ServiceGone, refusal
from mynacard.doors.pcsclite.clients import Client
from mynacard.doors.pcsclite.pinpad import CONTROL_BASE
from mynacard.doors.pcsclite.reader import Later
from mynacard.doors.pcsclite.scard import MAX_ATTRIBUTE, MAX_MESSAGE, Attribute, Code, State
from mynacard.doors.pcsclite.service import Service
from mynacard.errors import ProtocolError

__all__ = ["InProcess"]

C = TypeVar("C", bound=say.Call)
T = TypeVar("T")
Outcome: TypeAlias = tuple[int, T]
Status: TypeAlias = tuple[str, int, bytes]

READER_LIST: Final = "\\\\?PnP?\\Notification"
"""The name of the pseudo-reader whose state changes with the list of readers."""
_PATIENT: Final = (say.BeginTransaction, say.GetAttribute, say.Transmit)
"""Calls that the library repeats until no other connection has the card; the attribute stands for SCardStatus."""
_PCI: Final = 16
_CHANGED: Final = 0x0002
_EMPTY: Final = 0x0010
_PRESENT: Final = 0x0020
_EXCLUSIVE: Final = 0x0080
_IN_USE: Final = 0x0100
_MUTE: Final = 0x0200


class InProcess:
    """PC/SC in this process. Any thread may call.

    Args:
        service: the readers' service.
        lock: held by those who use the service, and notified of changes.
        changed: called after a change, under *lock*, to let all clients know.
    """

    def __init__(self, service: Service, lock: threading.Condition, changed: Callable[[], None]) -> None:
        self._service = service
        self._lock = lock
        self._changed = changed
        self._contexts: dict[int, Client] = {}
        self._cards: dict[int, Client] = {}
        self._cancelled: set[int] = set()
        self._closed = False

    @property
    def name(self) -> str:
        """The library's name, for people."""
        return "simulated readers"

    def close(self) -> None:
        """End every call that still waits: the service is gone."""
        with self._lock:
            self._closed = True
            for client in self._contexts.values():
                self._service.leave(client)
            self._changed()

    # --- contexts and readers ---

    def establish_context(self) -> Outcome[int]:
        with self._lock:
            client = None if self._closed else self._service.attach(os.getpid())
            if client is None:
                return Code.E_NO_SERVICE, 0
            self._service.clients.heard(client)  # it will send no bytes, so it is never late with them
            answer = self._call(client, say.EstablishContext(0))
            self._contexts[answer.context] = client
            return answer.code, answer.context

    def release_context(self, context: int, /) -> Outcome[None]:
        with self._lock:
            client = self._contexts.pop(context, None)
            if client is None:
                return Code.E_INVALID_HANDLE, None
            self._cards = {card: owner for card, owner in self._cards.items() if owner is not client}
            self._service.leave(client)
            self._changed()
            return Code.S_SUCCESS, None

    def cancel(self, context: int, /) -> Outcome[None]:
        with self._lock:
            self._cancelled.add(context)
            self._lock.notify_all()
            return self._alive(context), None

    def list_readers(self, context: int, /) -> Outcome[tuple[str, ...]]:
        with self._lock:
            names = tuple(reader.name for reader in self._service.desk)
            return self._alive(context) or (Code.S_SUCCESS if names else Code.E_NO_READERS_AVAILABLE), names

    def get_status_change(
        self, context: int, timeout_ms: int, states: Sequence[tuple[str, int]], /
    ) -> Outcome[tuple[Status, ...]]:
        until = time.monotonic() + timeout_ms / 1000
        with self._lock:
            self._cancelled.discard(context)
            while True:
                code, statuses = self._alive(context), self._statuses(states)
                if code or None in statuses:
                    return code or Code.E_UNKNOWN_READER, ()
                known = tuple(status for status in statuses if status is not None)
                if not states or any(bits & _CHANGED for _, bits, _ in known):
                    return Code.S_SUCCESS, known
                if context in self._cancelled:
                    return Code.E_CANCELLED, ()
                if not self._lock.wait(until - time.monotonic()):
                    return Code.E_TIMEOUT, ()

    def _alive(self, context: int) -> Code:
        client = self._contexts.get(context)
        return Code.E_INVALID_HANDLE if client is None else Code.E_NO_SERVICE if client.gone else Code.S_SUCCESS

    def _statuses(self, states: Sequence[tuple[str, int]]) -> list[Status | None]:
        """The state of each reader, CHANGED if it differs from the one that is known; None without such a reader."""
        rows = {reader.name: reader.state for reader in self._service.desk}
        return [self._status(name, known & ~_CHANGED, rows.get(name)) for name, known in states]

    def _status(self, name: str, known: int, row: say.ReaderState | None) -> Status | None:
        if name == READER_LIST:
            bits = self._service.desk.events << 16
        elif row is None:
            return None
        else:
            bits = _bits(row)
        return name, bits | (0 if bits == known else _CHANGED), b"" if row is None else row.atr

    # --- cards ---

    def connect(self, context: int, reader: str, share: int, protocols: int, /) -> Outcome[tuple[int, int]]:
        client = self._contexts.get(context)
        answer = self._call(client, say.Connect(context, reader, share, protocols))
        if client is not None and answer.code == Code.S_SUCCESS:
            self._cards[answer.card] = client
        return answer.code, (answer.card, answer.protocol)

    def disconnect(self, card: int, disposition: int, /) -> Outcome[None]:
        code = self._call(self._cards.get(card), say.Disconnect(card, disposition)).code
        if code == Code.S_SUCCESS:
            self._cards.pop(card, None)
        return code, None

    def begin_transaction(self, card: int, /) -> Outcome[None]:
        return self._call(self._cards.get(card), say.BeginTransaction(card)).code, None

    def end_transaction(self, card: int, disposition: int, /) -> Outcome[None]:
        return self._call(self._cards.get(card), say.EndTransaction(card, disposition)).code, None

    def status(self, card: int, /) -> Outcome[bytes]:
        asked = say.GetAttribute(card, Attribute.ATR_STRING, b"", MAX_ATTRIBUTE)
        answer = self._call(self._cards.get(card), asked)
        return answer.code, answer.value

    def transmit(self, card: int, protocol: int, command: bytes, /) -> Outcome[bytes]:
        asked = say.Transmit(card, protocol, _PCI, len(command), protocol, _PCI, MAX_MESSAGE, command)
        answer = self._call(self._cards.get(card), asked)
        return answer.code, answer.data

    def control_code(self, function: int, /) -> int:
        return CONTROL_BASE + function

    def control(self, card: int, code: int, data: bytes, /) -> Outcome[bytes]:
        answer = self._call(self._cards.get(card), say.Control(card, code, len(data), MAX_MESSAGE, data=data))
        return answer.code, answer.data

    # --- calls ---

    def _call(self, client: Client | None, call: C) -> C:
        """The answer to *call*; waits until there is one, or the service is gone."""
        if client is None:
            return _refused(call, Code.E_INVALID_HANDLE)
        gone = Code.E_NO_SERVICE
        with self._lock:
            while not client.gone:
                answer = None if client.mute else self._answer(client, call)
                if answer is not None:
                    self._changed()
                    return answer
                gone = Code.F_COMM_ERROR
                if not client.gone:
                    self._lock.wait()
            self._changed()
            return _refused(call, gone)

    def _answer(self, client: Client, call: C) -> C | None:
        """The answer to *call*; None if there is none yet, or the service is gone now."""
        self._service.desk.tick()
        try:
            answer = self._service.calls.answer(client, call)
        except Later:
            return None
        except ServiceGone:
            self._service.restart()
            return None
        except ProtocolError:  # the connection has ended
            return _refused(call, Code.E_INVALID_HANDLE)
        if not isinstance(answer, type(call)) or (
            answer.code == Code.E_SHARING_VIOLATION and isinstance(call, _PATIENT)
        ):
            return None
        return answer


def _refused(call: C, code: Code) -> C:
    answer = refusal(call, code)
    return answer if isinstance(answer, type(call)) else call


def _bits(row: say.ReaderState) -> int:
    """The state of a reader as clients see it, with the count of its events in the upper 16 bits."""
    counted = row.event_counter << 16
    if row.state & State.ABSENT:
        return counted | _EMPTY
    sharing = _EXCLUSIVE if row.sharing < 0 else _IN_USE if row.sharing else 0
    return counted | _PRESENT | sharing | (_MUTE if row.state & State.SWALLOWED else 0)
