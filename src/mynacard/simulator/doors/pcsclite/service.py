"""pcscd without its sockets: what clients say, what it does to readers, and what they hear.

Bytes of clients come in, bytes for clients go out; time and random numbers are handed in. What no PC/SC client sends
ends the connection it came on, and nothing else.

Source: pcsc-lite 1.9.9, src/winscard_svc.c; 2.3.0 for the count of reader events.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Final

from mynacard.errors import ProtocolError, mark
from mynacard.simulator.doors.pcsclite import messages as say
from mynacard.simulator.doors.pcsclite.attributes import value_of
from mynacard.simulator.doors.pcsclite.clients import Client, Clients
from mynacard.simulator.doors.pcsclite.contacts import Refused
from mynacard.simulator.doors.pcsclite.desk import Desk
from mynacard.simulator.doors.pcsclite.reader import CONNECTIONS_MAX, Later, Reader
from mynacard.simulator.doors.pcsclite.scard import Code, Disposition
from mynacard.simulator.doors.pcsclite.wire import take
from mynacard.simulator.faults import Fault, FaultKind

__all__ = ["Observer", "Service", "nobody"]

_log = logging.getLogger(__name__)

_MAJOR, _OLDEST, _NEWEST = 4, 4, 5
"""The protocols that are spoken. Clients of 4:6 speak 4:5, too; before 4:4 (2018) they waited in another way."""
_SCOPES: Final = range(4)

Observer = Callable[[str, bytes, bytes | None], None]
"""Is told of each APDU that reaches a reader: the reader, the command, and the answer that goes to the client, if one
does. It is told PINs."""


def nobody(_reader: str, _command: bytes, _answer: bytes | None) -> None:
    """An observer that does not care."""


class Service:
    """The service, with an empty desk.

    Args:
        clock: seconds, from any start.
        token: random numbers, 1 to 2**31 - 1, for contexts and connections.
        power_off_after_s: so long after its last client a card keeps its power.
        patience_s: so long a client may take to say something, or to end what it began to say.
        observe: is told of each APDU.
    """

    def __init__(
        self,
        clock: Callable[[], float],
        token: Callable[[], int],
        power_off_after_s: float,
        patience_s: float,
        observe: Observer = nobody,
    ) -> None:
        self.clients = Clients(clock, patience_s)
        self.desk = Desk(clock, power_off_after_s, self.clients.announce)
        self._token = token
        self._observe = observe
        self._parked: dict[Client, say.Message] = {}
        self._connections: dict[int, Reader] = {}

    # --- what anybody may see ---

    @property
    def open_handles(self) -> int:
        """Connections to cards, those to readers that are gone included."""
        return sum(len(client.handles) for client in self.clients)

    def transaction_holder(self, name: str) -> int | None:
        """The number of the process that has a transaction on the reader called *name*."""
        reader = self.desk.find(name)
        holders = (client.peer for client in self.clients if reader.holder in client.handles)
        return next(holders, None) if reader.in_transaction else None

    @property
    def deadline(self) -> float | None:
        """When :meth:`tick` has something to do."""
        return min([at for at in (self.clients.deadline, self.desk.deadline) if at is not None], default=None)

    # --- bytes ---

    def attach(self, peer: int) -> Client | None:
        """A new client, of process number *peer*; None if there are too many."""
        return self.clients.add(peer)

    def receive(self, client: Client, data: bytes) -> None:
        """What *client* sent. The answers, to whoever they go, are in ``clients.ready()`` afterwards."""
        client.inbox += data
        self._advance(client)
        self.settle()

    def leave(self, client: Client) -> None:
        """The end of *client*: what it has open is closed, as pcscd closes it."""
        self._drop(client)
        self.settle()

    def tick(self) -> None:
        """Do what is due: hang up on those who keep everybody waiting, power off cards that nobody uses."""
        self.desk.tick()
        for client in self.clients.late():
            _log.debug("hanging up: a client says nothing, or half of something")
            self._drop(client)
        self.settle()

    def settle(self) -> None:
        """Those who wait for the end of a transaction try again, in the order of their coming.

        To be called after the desk was changed from outside; all else here does it itself.
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
        """Answer all that *client* has said to its end."""
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
            self._release(client)

    def _handle(self, client: Client, message: say.Message) -> None:
        try:
            answer = self._call(client, message) if isinstance(message, say.Call) else self._news(client, message)
        except Later:
            self._parked[client] = message
            return
        except Refused as refused:
            answer = _refusal(message, refused.code)
        if answer is not None:
            self.clients.answer(client, answer)

    # --- news of readers ---

    def _news(self, client: Client, message: say.Message) -> say.Message | None:
        match message:
            case say.GetReaderEvents():
                return say.ReaderEvents(self.desk.events)
            case say.StopWaiting():
                self.clients.stop_waiting(client, Code.S_SUCCESS)
            case say.WaitForChange():
                self.clients.wait(client)
                self.clients.say(client, self.desk.table())
            case _:
                self.clients.say(client, self.desk.table())
        return None

    # --- calls ---

    def _call(self, client: Client, call: say.Call) -> say.Call | None:
        """The answer to *call*; None if there is none."""
        match call:
            case say.Transmit():
                return self._transmit(client, call)
            case say.Version():
                return _greeting(call)
            case say.EstablishContext(scope):
                if scope not in _SCOPES:
                    raise Refused(Code.E_INVALID_VALUE)
                client.context = self._unused(each.context for each in self.clients)
                return replace(call, context=client.context, code=Code.S_SUCCESS)
            case say.ReleaseContext(context):
                self._check_context(client, context)
                self._release(client)
                return replace(call, code=Code.S_SUCCESS)
            case say.Cancel(context):
                return replace(call, code=self._cancel(context))
            case say.Connect():
                return self._connect(client, call)
            case say.Disconnect(card, disposition):
                self._disconnect(client, card, disposition)
                return replace(call, code=Code.S_SUCCESS)
            case _:
                return self._with_reader(client, call)

    def _with_reader(self, client: Client, call: say.Call) -> say.Call:
        """The answer to what takes a connection and leaves it open."""
        match call:
            case say.Reconnect(card, share_mode, protocols, initialization):
                reader = self._reader(client, card)
                protocol = reader.reconnect(card, share_mode, protocols, initialization)
                self.clients.announce()
                return replace(call, protocol=protocol, code=Code.S_SUCCESS)
            case say.BeginTransaction(card):
                self._reader(client, card).begin_transaction(card)
            case say.EndTransaction(card, disposition):
                self._reader(client, card).end_transaction(card, disposition)
            case say.Status(card):
                self._reader(client, card).check(card)
            case say.SetAttribute(card) | say.Control(card):
                self._reader(client, card).check_sharing(card)
                raise Refused(Code.E_UNSUPPORTED_FEATURE)
            case say.GetAttribute(card, attribute):
                reader = self._reader(client, card)
                reader.check(card)
                value = value_of(reader, attribute)
                return replace(call, value=value, length=len(value), code=Code.S_SUCCESS)
            case _:
                raise ProtocolError(mark("No PC/SC client sends this."))
        return replace(call, code=Code.S_SUCCESS)

    def _check_context(self, client: Client, context: int) -> None:
        if not client.context:
            raise Refused(Code.E_INVALID_HANDLE)
        if client.context != context:
            raise Refused(Code.E_INVALID_VALUE)

    def _cancel(self, context: int) -> Code:
        target = next((client for client in self.clients if context and client.context == context), None)
        if target is None:
            return Code.E_INVALID_HANDLE
        self.clients.stop_waiting(target, Code.E_CANCELLED)
        return Code.S_SUCCESS  # as of pcsc-lite 2.3; 1.9.9 complains where the waiting has just ended by itself

    def _connect(self, client: Client, call: say.Connect) -> say.Call:
        self._check_context(client, call.context)
        if len(client.handles) >= CONNECTIONS_MAX:
            raise Refused(Code.E_NO_MEMORY)
        reader = next((reader for reader in self.desk if reader.name == call.reader), None)
        if reader is None:
            raise Refused(Code.E_UNKNOWN_READER)
        handle = self._unused(handle for each in self.clients for handle in each.handles)
        protocol = reader.connect(handle, call.share_mode, call.protocols)
        client.handles.add(handle)
        self._connections[handle] = reader
        self.clients.announce()
        return replace(call, card=handle, protocol=protocol, code=Code.S_SUCCESS)

    def _disconnect(self, client: Client, handle: int, disposition: int) -> None:
        self._check_handle(client, handle)
        reader = self._connections.get(handle)
        if reader is not None and reader.plugged:
            reader.disconnect(handle, disposition)
            self.clients.announce()
        elif disposition not in set(Disposition):
            raise Refused(Code.E_INVALID_VALUE)
        self._connections.pop(handle, None)
        client.handles.discard(handle)

    def _release(self, client: Client) -> None:
        """The end of *client*'s context, and of all its connections."""
        for handle in client.handles:
            reader = self._connections.pop(handle, None)
            if reader is not None and reader.plugged:
                reader.abandon(handle)
        if client.handles:
            self.clients.announce()
        client.handles.clear()
        client.context = 0

    def _check_handle(self, client: Client, handle: int) -> None:
        if not client.context or handle not in client.handles:
            raise ProtocolError(mark("A client names a connection that it has not."))  # pcscd hangs up, too

    def _reader(self, client: Client, handle: int) -> Reader:
        self._check_handle(client, handle)
        reader = self._connections.get(handle)
        if reader is None or not reader.plugged:
            raise Refused(Code.E_INVALID_VALUE)
        return reader

    def _unused(self, used: Iterable[int]) -> int:
        taken = set(used)
        return next(token for token in iter(self._token, None) if token not in taken)

    # --- APDUs ---

    def _transmit(self, client: Client, call: say.Transmit) -> say.Transmit | None:
        reader = self._reader(client, call.card)
        reader.admit(call.card, call.send_protocol)
        fault = reader.armed.at_next_apdu()
        answer: bytes | None = None
        try:
            answer = reader.transmit(call.data) if fault is None else self._strike(fault, client, reader, call.data)
        finally:
            self._observe(reader.name, call.data, answer)
        if answer is None:
            return None
        short = len(answer) > call.receive_length
        return say.Transmit(
            call.card, call.send_protocol, call.send_pci_length, call.send_length,
            call.receive_protocol, call.receive_pci_length, len(answer),
            code=Code.E_INSUFFICIENT_BUFFER if short else Code.S_SUCCESS, data=b"" if short else answer,
        )  # fmt: skip

    def _strike(self, fault: Fault, client: Client, reader: Reader, command: bytes) -> bytes | None:
        """What *fault* makes of *command*: the answer that *client* gets, or None where it gets none."""
        match fault.kind:
            case FaultKind.REMOVED:
                self.desk.remove(reader.name)
                raise Refused(Code.W_REMOVED_CARD)
            case FaultKind.UNPLUGGED:
                self.desk.unplug(reader.name)
                raise Refused(Code.E_READER_UNAVAILABLE)
            case FaultKind.RESET:
                self.desk.reset(reader.name)
                raise Refused(Code.W_RESET_CARD)
            case FaultKind.SERVICE_GONE:
                self.restart()
                return None
            case FaultKind.ERROR:
                raise Refused(fault.code)
            case FaultKind.NOT_TRANSACTED:
                reader.transmit(command)
                raise Refused(Code.E_NOT_TRANSACTED)
            case FaultKind.EMPTY:
                reader.transmit(command)
                return b""
            case FaultKind.MUTE:
                reader.transmit(command)
                client.mute = True
                return None

    def restart(self) -> None:
        """As if the service had ended and another one started: no client is left, and no card has power."""
        self._connections.clear()
        for reader in self.desk:
            reader.forget_everybody()
        for client in tuple(self.clients):
            self._drop(client)


def _greeting(call: say.Version) -> say.Version:
    """What protocol it will be; the client goes away where it is told that the service has stopped."""
    if call.major != _MAJOR or call.minor < _OLDEST:
        return say.Version(_MAJOR, _NEWEST, code=Code.E_SERVICE_STOPPED)
    return say.Version(_MAJOR, min(call.minor, _NEWEST), code=Code.S_SUCCESS)


def _refusal(call: say.Message, code: int) -> say.Message:
    match call:
        case say.Transmit():
            return replace(call, receive_length=0, code=code, data=b"")
        case say.Control():
            return replace(call, returned=0, code=code, data=b"")
        case say.Call():
            return replace(call, code=code)
        case _:
            return call
