"""The clients of the service: what came from each and goes to each, who waits for what, and whose patience is tried.

Source: pcsc-lite 1.9.9, src/winscard_svc.c and src/eventhandler.c.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Final

from mynacard.doors.pcsclite.messages import ChangeNotice, Message
from mynacard.doors.pcsclite.scard import Code
from mynacard.doors.pcsclite.wire import encode

__all__ = ["CLIENTS_MAX", "Client", "Clients"]

CLIENTS_MAX: Final = 256
INBOX_MAX: Final = 1 << 17
"""Bytes that a client may send while it waits for an answer. The library sends none."""
OUTBOX_MAX: Final = 1 << 18
"""Bytes that a client may leave unread."""


@dataclass(slots=True, eq=False)
class Client:
    """One connection of a program.

    Attributes:
        peer: the number of its process.
        inbox: what it sent and was not looked at yet.
        outbox: what it has to be sent.
        context: its one context; 0 is none.
        handles: its connections to cards.
        mute: it waits for something that never comes.
        gone: it is to be hung up on.
    """

    peer: int
    inbox: bytearray = field(default_factory=bytearray)
    outbox: bytearray = field(default_factory=bytearray)
    context: int = 0
    handles: set[int] = field(default_factory=set[int])
    mute: bool = False
    gone: bool = False

    @property
    def overflows(self) -> bool:
        """Whether it sends without reading."""
        return len(self.inbox) > INBOX_MAX or len(self.outbox) > OUTBOX_MAX


class Clients:
    """All clients, in the order of their coming.

    Args:
        clock: seconds, from any start.
        patience_s: so long a client may take to say something, or to end what it began to say.
    """

    def __init__(self, clock: Callable[[], float], patience_s: float) -> None:
        self._clock = clock
        self._patience_s = patience_s
        self._all: dict[Client, None] = {}
        self._late_at: dict[Client, float] = {}
        self._waiting: dict[Client, None] = {}
        self._ready: dict[Client, None] = {}

    def __iter__(self) -> Iterator[Client]:
        return iter(self._all)

    def __len__(self) -> int:
        return len(self._all)

    def add(self, peer: int) -> Client | None:
        """A new client, who has to say something soon; None if there are too many."""
        if len(self._all) >= CLIENTS_MAX:
            return None
        client = Client(peer)
        self._all[client] = None
        self.expect(client)
        return client

    def drop(self, client: Client) -> None:
        """Forget *client*; whoever carries the bytes hangs up."""
        client.gone = True
        for each in (self._all, self._late_at, self._waiting):
            each.pop(client, None)
        self._ready[client] = None

    # --- patience ---

    def expect(self, client: Client) -> None:
        """*client* has something to say, from now on if it had not before."""
        self._late_at.setdefault(client, self._clock() + self._patience_s)

    def heard(self, client: Client) -> None:
        """*client* said it."""
        self._late_at.pop(client, None)

    def late(self) -> list[Client]:
        """Those who have not said it in time."""
        now = self._clock()
        return [client for client, at in self._late_at.items() if at <= now]

    @property
    def deadline(self) -> float | None:
        """When the next one will be late. Patience is the same for all, so it is the first one's."""
        return next(iter(self._late_at.values()), None)

    # --- what goes out ---

    def say(self, client: Client, data: bytes) -> None:
        client.outbox += data
        self._ready[client] = None

    def answer(self, client: Client, message: Message) -> None:
        self.say(client, encode(message))

    def ready(self) -> list[Client]:
        """Those who have something in their outbox, or are to be hung up on; each is named once."""
        found = list(self._ready)
        self._ready.clear()
        return found

    # --- news of readers ---

    def wait(self, client: Client) -> None:
        """*client* wants to hear of the next change."""
        self._waiting[client] = None

    def stop_waiting(self, client: Client, code: Code) -> bool:
        """It hears *code* instead; False if it was told of a change meanwhile, and hears nothing more."""
        if client not in self._waiting:
            return False
        del self._waiting[client]
        self.answer(client, ChangeNotice(code=code))
        return True

    def announce(self) -> None:
        """The readers' table has changed: whoever waits for that hears so, once."""
        for client in self._waiting:
            self.answer(client, ChangeNotice())
        self._waiting.clear()
