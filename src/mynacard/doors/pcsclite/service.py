"""pcscd without its sockets.

Bytes from clients come in, bytes for clients go out; time and random numbers are passed in. Bytes that PC/SC clients do
not send end the connection they came on, and nothing else.

Source: pcsc-lite 1.9.9, src/winscard_svc.c; 2.3.0 for the count of reader events.
"""

from __future__ import annotations

import logging
from collections.abc import Callable

from mynacard.doors.pcsclite import messages as say
from mynacard.doors.pcsclite.calls import Calls, Observer, ServiceGone, unobserved
from mynacard.doors.pcsclite.clients import Client, Clients
from mynacard.doors.pcsclite.reader import Later
from mynacard.doors.pcsclite.reader_table import ReaderTable
from mynacard.doors.pcsclite.wire import take
from mynacard.errors import ProtocolError
from mynacard.simulator.faulty import Means

__all__ = ["Service"]

_log = logging.getLogger(__name__)


class Service:
    """The service, with an empty desk.

    Args:
        clock: seconds, from any start.
        token: random numbers, 1 to 2**31 - 1, for contexts and connections.
        power_off_after_s: how long a card keeps its power after its last client.
        patience_s: how long a client may take to begin a message, or to finish one.
        observe: called for each APDU.
        means: what faults in cards' answers need from outside.
    """

    def __init__(
        self,
        clock: Callable[[], float],
        token: Callable[[], int],
        power_off_after_s: float,
        patience_s: float,
        observe: Observer = unobserved,
        means: Means = Means(),
    ) -> None:
        self.clients = Clients(clock, patience_s)
        self.desk = ReaderTable(clock, power_off_after_s, self.clients.announce, means)
        self.calls = Calls(self.clients, self.desk, token, observe)
        self._parked: dict[Client, say.Message] = {}

    @property
    def deadline(self) -> float | None:
        """When :meth:`tick` has something to do."""
        return min([at for at in (self.clients.deadline, self.desk.deadline) if at is not None], default=None)

    # --- bytes ---

    def attach(self, peer: int) -> Client | None:
        """A new client, of process number *peer*; None if there are too many."""
        return self.clients.add(peer)

    def receive(self, client: Client, data: bytes) -> None:
        """Take what *client* sent. Answers, to any client, are in ``clients.ready()`` afterwards."""
        client.inbox += data
        self._advance(client)
        self.settle()

    def leave(self, client: Client) -> None:
        """*client* is gone: what it has open is closed, as pcscd closes it."""
        self._drop(client)
        self.settle()

    def tick(self) -> None:
        """Do what is due: disconnect clients that are overdue, power off unused cards, send notices held back."""
        self.desk.tick()
        self.clients.release()
        for client in self.clients.late():
            _log.debug("hanging up: a client says nothing, or half of something")
            self._drop(client)
        self.settle()

    def settle(self) -> None:
        """Clients that wait for the end of a transaction try again, in order of arrival.

        Call it after changing the desk from outside; the other methods call it themselves.
        """
        answered = True
        while answered and self._parked:
            answered = False
            for client, message in tuple(self._parked.items()):
                if self._parked.pop(client, None) is not None:
                    self._handle(client, message)
                    self._advance(client)
                    answered |= client not in self._parked

    def _advance(self, client: Client) -> None:
        """Answer all complete messages of *client*."""
        try:
            while self._listens_to(client) and (message := take(client.inbox)) is not None:
                self.clients.heard(client)
                self._handle(client, message)
        except ProtocolError as error:
            _log.debug("hanging up: %s", error)
            self._drop(client)
        if client.overflows:
            _log.debug("hanging up: a client sends without reading")
            self._drop(client)
        elif client.inbox and self._listens_to(client):
            self.clients.expect(client)

    def _listens_to(self, client: Client) -> bool:
        return not (client.gone or client.mute or client in self._parked)

    def _drop(self, client: Client) -> None:
        if not client.gone:
            self.clients.drop(client)
            self._parked.pop(client, None)
            self.calls.release(client)

    def _handle(self, client: Client, message: say.Message) -> None:
        try:
            answer = self.calls.answer(client, message)
        except Later:
            self._parked[client] = message
        except ServiceGone:
            self.restart()
        else:
            if answer is not None:
                self.clients.answer(client, answer)

    def restart(self) -> None:
        """As if the service had ended and a new one started: no clients, and no card has power."""
        self.calls.forget()
        for client in tuple(self.clients):
            self._drop(client)
