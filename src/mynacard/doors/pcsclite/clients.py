"""The clients of the service: the bytes from and to each, who waits for what, and who is overdue.

Source: pcsc-lite 1.9.9, src/winscard_svc.c and src/eventhandler.c; 2.5.2, seen running.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Final

from mynacard.doors.pcsclite.messages import ChangeNotice, Message, ReaderState
from mynacard.doors.pcsclite.scard import Code
from mynacard.doors.pcsclite.wire import encode

__all__ = ["CLIENTS_MAX", "Client", "Clients"]

CLIENTS_MAX: Final = 256
INBOX_MAX: Final = 1 << 17
"""Bytes that a client may send while it waits for an answer. The library sends none."""
OUTBOX_MAX: Final = 1 << 18
"""Bytes that a client may leave unread."""
FETCH_S: Final = 0.05
"""How long a notice waits for a client to fetch the readers' table. The library does that at once; others may never."""


@dataclass(slots=True, eq=False)
class Client:
    """One connection of a program.

    Attributes:
        peer: the number of its process.
        inbox: received and not yet looked at.
        outbox: still to be sent.
        minor: the protocol agreed with it is 4:minor; 0 before that.
        context: its one context; 0 if it has none.
        handles: its connections to cards.
        rows: the readers' table when it had the rows counted, until it gets them.
        fetching: the next that it expects is the readers' table, not a notice.
        mute: it waits for something that never comes.
        gone: it is to be disconnected.
    """

    peer: int
    inbox: bytearray = field(default_factory=bytearray)
    outbox: bytearray = field(default_factory=bytearray)
    minor: int = 0
    context: int = 0
    handles: set[int] = field(default_factory=set[int])
    rows: list[ReaderState | None] | None = None
    fetching: bool = False
    mute: bool = False
    gone: bool = False

    @property
    def overflows(self) -> bool:
        """Whether it sends without reading."""
        return len(self.inbox) > INBOX_MAX or len(self.outbox) > OUTBOX_MAX


class Clients:
    """All clients, in order of arrival.

    Args:
        clock: seconds, from any start.
        patience_s: how long a client may take to begin a message, or to finish one.
    """

    def __init__(self, clock: Callable[[], float], patience_s: float) -> None:
        self._clock = clock
        self._patience_s = patience_s
        self._all: dict[Client, None] = {}
        self._late_at: dict[Client, float] = {}
        self._waiting: dict[Client, None] = {}
        self._held: dict[Client, ChangeNotice] = {}
        self._held_until: dict[Client, float] = {}
        self._ready: dict[Client, None] = {}

    def __iter__(self) -> Iterator[Client]:
        return iter(self._all)

    def __len__(self) -> int:
        return len(self._all)

    def add(self, peer: int) -> Client | None:
        """A new client, which has to send something soon; None if there are too many."""
        if len(self._all) >= CLIENTS_MAX:
            return None
        client = Client(peer)
        self._all[client] = None
        self.expect(client)
        return client

    def drop(self, client: Client) -> None:
        """Forget *client*; the loop disconnects it."""
        client.gone = True
        for clients in (self._all, self._late_at, self._waiting, self._held, self._held_until):
            clients.pop(client, None)
        self._ready[client] = None

    # --- patience ---

    def expect(self, client: Client) -> None:
        """*client* owes a message, from now on if it did not before."""
        self._late_at.setdefault(client, self._clock() + self._patience_s)

    def heard(self, client: Client) -> None:
        """*client* sent its message."""
        self._late_at.pop(client, None)

    def late(self) -> list[Client]:
        """The clients whose message is overdue."""
        now = self._clock()
        return [client for client, at in self._late_at.items() if at <= now]

    @property
    def deadline(self) -> float | None:
        """When the next client or notice will be overdue: the first of each, since all have the same time."""
        firsts = [next(iter(times.values())) for times in (self._late_at, self._held_until) if times]
        return min(firsts, default=None)

    # --- what goes out ---

    def say(self, client: Client, data: bytes) -> None:
        client.outbox += data
        self._ready[client] = None

    def answer(self, client: Client, message: Message) -> None:
        self.say(client, encode(message))

    def ready(self) -> list[Client]:
        """The clients with something in their outbox, and those to disconnect; each is returned once."""
        ready = list(self._ready)
        self._ready.clear()
        return ready

    # --- news of readers ---

    def wait(self, client: Client) -> None:
        """*client* waits for the next change."""
        self._waiting[client] = None

    def stop_waiting(self, client: Client, code: Code) -> bool:
        """End the wait with *code*; False if a change has already ended it."""
        if client not in self._waiting:
            return False
        del self._waiting[client]
        self._notify(client, ChangeNotice(code=code))
        return True

    def announce(self) -> None:
        """The readers' table has changed: tell every client that waits for that, once."""
        for client in self._waiting:
            self._notify(client, ChangeNotice())
        self._waiting.clear()

    def fetched(self, client: Client) -> None:
        """*client* has the readers' table, or does without: notices may come."""
        client.fetching = False
        self._held_until.pop(client, None)
        notice = self._held.pop(client, None)
        if notice is not None:
            self.answer(client, notice)

    def release(self) -> None:
        """Send the notices that have been held back long enough."""
        now = self._clock()
        for client in [client for client, at in self._held_until.items() if at <= now]:
            self.fetched(client)

    def _notify(self, client: Client, notice: ChangeNotice) -> None:
        """Send *notice*, but not between a client's question for the readers' table and the answer.

        pcscd 2.5.2 sends it there too, and the library takes it for the number of rows.
        """
        if client.fetching:
            self._held[client] = notice
            self._held_until.setdefault(client, self._clock() + FETCH_S)
        else:
            self.answer(client, notice)
