"""The sockets of the service: one thread, and no call that waits for one client only.

Source: unix(7), socket(7).
"""

from __future__ import annotations

import contextlib
import logging
import selectors
import socket
import threading
import time
from collections.abc import Callable
from types import TracebackType
from typing import Final, Self

from mynacard.doors.pcsclite.clients import Client
from mynacard.doors.pcsclite.place import Peer, may_come
from mynacard.doors.pcsclite.service import Service

__all__ = ["Loop"]

_log = logging.getLogger(__name__)

_READ_MAX: Final = 1 << 16
_GONE: Final = b""
_LINGER_S: Final = 200e-6
"""How long the thread stays awake after an event. A client usually asks again within it, and waking a virtual machine's
processor takes as long as all the rest: 120 µs an APDU instead of 60, measured."""


class Loop:
    """Carries the bytes between *service* and the clients that come to *listener*. A context manager.

    Args:
        service: used only under *lock*.
        listener: a listening socket.
        lock: shared with the other users of the service, and notified of changes.
        clock: the service's.
        peer: who is at the other end of a connection.
    """

    def __init__(
        self,
        service: Service,
        listener: socket.socket,
        lock: threading.Condition,
        clock: Callable[[], float],
        peer: Callable[[socket.socket], Peer],
    ) -> None:
        self._service = service
        self._listener = listener
        self._lock = lock
        self._clock = clock
        self._peer = peer
        self._connections: dict[Client, socket.socket] = {}
        self._slow: set[Client] = set()  # clients whose socket takes no more for now
        self._stopping = False
        self._timeout: float | None = None
        self._busy_until = 0.0

    def __enter__(self) -> Self:
        self._selector = selectors.DefaultSelector()
        self._bell, self._ear = socket.socketpair()
        for end in (self._listener, self._ear, self._bell):
            end.setblocking(False)
        for listened in (self._listener, self._ear):
            self._selector.register(listened, selectors.EVENT_READ)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        for part in (self._bell, self._ear, self._selector):
            part.close()

    def ring(self) -> None:
        """Another thread changed the service: something may have to be sent."""
        with contextlib.suppress(OSError):  # the bell is full of unheard rings, or the loop has ended
            self._bell.send(b"!")

    def stop(self) -> None:
        """Let :meth:`run` end."""
        self._stopping = True
        self.ring()

    def run(self) -> None:
        """Serve until :meth:`stop`; then, or if a card raises something unexpected, disconnect every client."""
        try:
            while not self._stopping:
                events = self._events()
                with self._lock:
                    for key, mask in events:
                        self._attend(key, mask)
                    self._send()
                    self._tick()
                    self._lock.notify_all()
        finally:
            self._listener.close()
            with self._lock:
                self._service.restart()
                self._send()
                self._lock.notify_all()

    def _events(self) -> list[tuple[selectors.SelectorKey, int]]:
        """The next events; waits for them."""
        asleep_at = self._busy_until
        while time.perf_counter() < asleep_at:
            if events := self._selector.select(0):
                break
        else:
            events = self._selector.select(self._timeout)
        self._busy_until = time.perf_counter() + _LINGER_S if events else 0.0
        return events

    def _attend(self, key: selectors.SelectorKey, mask: int) -> None:
        if isinstance(key.data, Client):
            if mask & selectors.EVENT_READ:
                self._receive(key.data)
            if mask & selectors.EVENT_WRITE:
                self._flush(key.data)
        elif key.fileobj is self._listener:
            self._accept()
        else:
            self._ear.recv(_READ_MAX)

    def _accept(self) -> None:
        try:
            connection, _ = self._listener.accept()
        except OSError as error:  # it is gone again already
            _log.debug("a client left before it was accepted: %s", error)
            return
        process, user = self._peer(connection)
        client = self._service.attach(process) if may_come(user) else None
        if client is None:
            _log.warning("hanging up on process %d of user %d: another user, or one client too many", process, user)
            connection.close()
            return
        connection.setblocking(False)
        self._connections[client] = connection
        self._selector.register(connection, selectors.EVENT_READ, client)

    def _receive(self, client: Client) -> None:
        try:
            data = self._connections[client].recv(_READ_MAX)
        except BlockingIOError:
            return
        except OSError:
            data = _GONE
        if data:
            self._service.receive(client, data)
        else:
            self._service.leave(client)

    def _send(self) -> None:
        while ready := self._service.clients.ready():
            for client in ready:
                self._flush(client)

    def _tick(self) -> None:
        """Do what is due, and see when there will be something to do again."""
        deadline = self._service.deadline
        if deadline is not None and deadline <= self._clock():
            self._service.tick()
            self._send()
            deadline = self._service.deadline
        self._timeout = None if deadline is None else max(0.0, deadline - self._clock())

    def _flush(self, client: Client) -> None:
        """Send what goes without waiting; disconnect, if it is time to."""
        connection = self._connections.get(client)
        if connection is None:
            return
        try:
            del client.outbox[: connection.send(client.outbox)]
        except BlockingIOError:
            pass
        except OSError:
            self._service.leave(client)
        if client.gone:
            self._selector.unregister(connection)
            self._connections.pop(client).close()
            self._slow.discard(client)
        elif bool(client.outbox) != (client in self._slow):
            self._watch(connection, client)

    def _watch(self, connection: socket.socket, client: Client) -> None:
        """Start or stop waiting for room in the socket, too."""
        wanted = selectors.EVENT_READ | (selectors.EVENT_WRITE if client.outbox else 0)
        self._selector.modify(connection, wanted, client)
        (self._slow.add if client.outbox else self._slow.discard)(client)
