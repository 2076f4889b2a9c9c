"""The effect of a client's message on the readers, and the answer to the client.

Source: pcsc-lite 1.9.9, src/winscard_svc.c; 2.3.0 for the count of reader events;
vectors/simulator/pcsclite-4-6.json for protocol 4:6.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Final

from mynacard.apdu.keypad import Feature
from mynacard.doors.pcsclite import messages as say
from mynacard.doors.pcsclite import pinpad
from mynacard.doors.pcsclite.attributes import value_of
from mynacard.doors.pcsclite.clients import Client, Clients
from mynacard.doors.pcsclite.contacts import Refused
from mynacard.doors.pcsclite.reader import CONNECTIONS_MAX, Reader
from mynacard.doors.pcsclite.reader_table import ReaderTable
from mynacard.doors.pcsclite.scard import Code, Disposition
from mynacard.doors.pcsclite.wire import encode_readers
from mynacard.errors import ProtocolError
from mynacard.simulator.faults import Fault, FaultKind
from mynacard.texts import N_

__all__ = ["Calls", "Observer", "ServiceGone", "refusal", "unobserved"]

_MAJOR, _OLDEST, _NEWEST = 4, 4, 6
"""The protocols that are spoken; before 4:4 (2018) clients waited differently. A client that announces 4:6 is answered
4:6: in 4:5 the library 2.5.2 was seen to fail at a first SCardGetStatusChange, and then to read 16 bytes too late."""
_COUNTED = 6
"""Since this protocol clients have the rows of the readers' table counted, and fetch them after they begin to wait."""
_SCOPES: Final = range(4)

Observer = Callable[[str, bytes, bytes | None], None]
"""Called for each APDU that reaches a reader, with the reader's name, the command, and the answer to the client (or
None). It sees PINs."""


def unobserved(_reader: str, _command: bytes, _answer: bytes | None) -> None:
    """An observer that ignores everything."""


class ServiceGone(Exception):
    """The service ends here: every client is to be disconnected."""


class Calls:
    """Carries out on *readers* what *clients* call.

    Args:
        token: random numbers, 1 to 2**31 - 1, for contexts and connections.
        observe: called for each APDU.
    """

    def __init__(self, clients: Clients, readers: ReaderTable, token: Callable[[], int], observe: Observer) -> None:
        self._clients = clients
        self._readers = readers
        self._token = token
        self._observe = observe
        self._connections: dict[int, Reader] = {}

    @property
    def open_handles(self) -> int:
        """How many connections to cards there are, including those to unplugged readers."""
        return sum(len(client.handles) for client in self._clients)

    def transaction_holder(self, name: str) -> int | None:
        """The process number of the client with a transaction on the reader *name*; None if there is none.

        Raises:
            UsageError: no reader has this name.
        """
        reader = self._readers.find(name)
        holders = (client.peer for client in self._clients if reader.holder in client.handles)
        return next(holders, None) if reader.in_transaction else None

    def forget(self) -> None:
        """As after a start of the service: there are no connections, and no card has power."""
        self._connections.clear()
        for reader in self._readers:
            reader.forget_connections()

    def release(self, client: Client) -> None:
        """The end of *client*'s context, and of all its connections."""
        for handle in client.handles:
            reader = self._connections.pop(handle, None)
            if reader is not None and reader.plugged:
                reader.abandon(handle)
        if client.handles:
            self._clients.announce()
        client.handles.clear()
        client.context = 0

    def answer(self, client: Client, message: say.Message) -> say.Message | None:
        """The answer to *client*'s *message*; None if there is none.

        Raises:
            Later: there is no answer yet; ask again when a transaction has ended.
            ServiceGone: a fault ends the service.
            ProtocolError: it names a connection that it does not have.
        """
        try:
            return self._call(client, message) if isinstance(message, say.Call) else self._news(client, message)
        except Refused as refused:
            return refusal(message, refused.code)

    # --- news of readers ---

    def _news(self, client: Client, message: say.Message) -> say.Message | None:
        match message:
            case say.GetReaderEvents():
                return say.ReaderEvents(self._readers.events)
            case say.StopWaiting():
                self._clients.fetched(client)
                self._clients.stop_waiting(client, Code.S_SUCCESS)
            case say.CountRows():
                client.rows, client.fetching = self._readers.rows(), True
                return say.RowCount(len(client.rows))
            case say.GetRows():
                rows = self._readers.rows() if client.rows is None else client.rows
                client.rows = None
                self._clients.say(client, encode_readers(rows))
                self._clients.fetched(client)
            case say.WaitForChange():
                self._clients.wait(client)
                client.fetching = client.minor >= _COUNTED
                if not client.fetching:
                    self._clients.say(client, encode_readers(self._readers.fixed_rows()))
            case _:
                self._clients.say(client, encode_readers(self._readers.fixed_rows()))
        return None

    # --- calls ---

    def _call(self, client: Client, call: say.Call) -> say.Call | None:
        """The answer to *call*; None if there is none."""
        match call:
            case say.Transmit():
                return self._transmit(client, call)
            case say.Control():
                return self._control(client, call)
            case say.Version():
                return _greeting(client, call)
            case say.EstablishContext(scope):
                if scope not in _SCOPES:
                    raise Refused(Code.E_INVALID_VALUE)
                client.context = self._unused(known.context for known in self._clients)
                return replace(call, context=client.context, code=Code.S_SUCCESS)
            case say.ReleaseContext(context):
                self._check_context(client, context)
                self.release(client)
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
        """The answer to a call that uses a connection and leaves it open."""
        match call:
            case say.Reconnect(card, share_mode, protocols, initialization):
                reader = self._reader(client, card)
                protocol = reader.reconnect(card, share_mode, protocols, initialization)
                self._clients.announce()
                return replace(call, protocol=protocol, code=Code.S_SUCCESS)
            case say.BeginTransaction(card):
                self._reader(client, card).begin_transaction(card)
            case say.EndTransaction(card, disposition):
                self._reader(client, card).end_transaction(card, disposition)
            case say.Status(card):
                self._reader(client, card).check(card)
            case say.SetAttribute(card):
                self._reader(client, card).check_sharing(card)
                raise Refused(Code.E_UNSUPPORTED_FEATURE)
            case say.GetAttribute(card, attribute):
                reader = self._reader(client, card)
                reader.check(card)
                value = value_of(reader, attribute)
                return replace(call, value=value, length=len(value), code=Code.S_SUCCESS)
            case _:
                raise ProtocolError(N_("PC/SC clients do not send this."))
        return replace(call, code=Code.S_SUCCESS)

    def _check_context(self, client: Client, context: int) -> None:
        if not client.context:
            raise Refused(Code.E_INVALID_HANDLE)
        if client.context != context:
            raise Refused(Code.E_INVALID_VALUE)

    def _cancel(self, context: int) -> Code:
        target = next((client for client in self._clients if context and client.context == context), None)
        if target is None:
            return Code.E_INVALID_HANDLE
        self._clients.stop_waiting(target, Code.E_CANCELLED)
        return Code.S_SUCCESS  # as in pcsc-lite 2.3; 1.9.9 complains if the wait has just ended by itself

    def _connect(self, client: Client, call: say.Connect) -> say.Call:
        self._check_context(client, call.context)
        if len(client.handles) >= CONNECTIONS_MAX:
            raise Refused(Code.E_NO_MEMORY)
        reader = next((reader for reader in self._readers if reader.name == call.reader), None)
        if reader is None:
            raise Refused(Code.E_UNKNOWN_READER)
        handle = self._unused(used for known in self._clients for used in known.handles)
        protocol = reader.connect(handle, call.share_mode, call.protocols)
        client.handles.add(handle)
        self._connections[handle] = reader
        self._clients.announce()
        return replace(call, card=handle, protocol=protocol, code=Code.S_SUCCESS)

    def _disconnect(self, client: Client, handle: int, disposition: int) -> None:
        self._check_handle(client, handle)
        reader = self._connections.get(handle)
        if reader is not None and reader.plugged:
            reader.disconnect(handle, disposition)
            self._clients.announce()
        elif disposition not in set(Disposition):
            raise Refused(Code.E_INVALID_VALUE)
        self._connections.pop(handle, None)
        client.handles.discard(handle)

    def _check_handle(self, client: Client, handle: int) -> None:
        if not client.context or handle not in client.handles:
            raise ProtocolError(N_("A client names a connection that it does not have."))  # pcscd hangs up, too

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
        answer = self._exchange(client, reader, call.data)
        if answer is None:
            return None
        short = len(answer) > call.receive_length
        return say.Transmit(
            call.card,
            call.send_protocol,
            call.send_pci_length,
            call.send_length,
            call.receive_protocol,
            call.receive_pci_length,
            len(answer),
            code=Code.E_INSUFFICIENT_BUFFER if short else Code.S_SUCCESS,
            data=b"" if short else answer,
        )

    def _exchange(self, client: Client, reader: Reader, command: bytes) -> bytes | None:
        """The answer that *client* gets to *command*; None if it gets none."""
        fault = reader.armed.at_next_apdu()
        answer: bytes | None = None
        try:
            answer = reader.transmit(command) if fault is None else self._strike(fault, client, reader, command)
        finally:
            self._observe(reader.name, command, answer)
        return answer

    def _control(self, client: Client, call: say.Control) -> say.Control | None:
        """Answer a request to the reader itself: for the features of its keypad, or for a PIN to be typed there."""
        reader = self._reader(client, call.card)
        reader.check_sharing(call.card)
        answer = self._feature(client, reader, call)
        if answer is None:
            return None
        if len(answer) > call.receive_length:
            raise Refused(Code.E_INSUFFICIENT_BUFFER)
        return replace(call, returned=len(answer), code=Code.S_SUCCESS, data=answer)

    def _feature(self, client: Client, reader: Reader, call: say.Control) -> bytes | None:
        keypad = reader.keypad
        if keypad is None:
            raise Refused(Code.E_UNSUPPORTED_FEATURE)
        if call.control_code == pinpad.GET_FEATURE_REQUEST:
            return pinpad.FEATURES
        if call.control_code == pinpad.control_code(Feature.IFD_PIN_PROPERTIES):
            return pinpad.PIN_PROPERTIES
        for feature in (Feature.VERIFY_PIN_DIRECT, Feature.MODIFY_PIN_DIRECT):
            if call.control_code == pinpad.control_code(feature):
                reader.contacts.need_powered_card()
                return pinpad.typed(keypad, feature, call.data, lambda command: self._exchange(client, reader, command))
        raise Refused(Code.E_UNSUPPORTED_FEATURE)

    def _strike(self, fault: Fault, client: Client, reader: Reader, command: bytes) -> bytes | None:
        """The effect of *fault* on *command*: the answer that *client* gets, or None if it gets none."""
        match fault.kind:
            case FaultKind.REMOVED:
                self._readers.remove(reader.name)
                raise Refused(Code.W_REMOVED_CARD)
            case FaultKind.REMOVED_DURING:
                reader.transmit(command)
                self._readers.remove(reader.name)
                raise Refused(Code.E_NOT_TRANSACTED)
            case FaultKind.REMOVED_AFTER:
                answer = reader.transmit(command)
                self._readers.remove(reader.name)
                return answer
            case FaultKind.UNPLUGGED:
                self._readers.unplug(reader.name)
                raise Refused(Code.E_READER_UNAVAILABLE)
            case FaultKind.RESET:
                self._readers.reset(reader.name)
                raise Refused(Code.W_RESET_CARD)
            case FaultKind.SERVICE_GONE:
                raise ServiceGone
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
            case _:
                return reader.transmit(command, fault)  # one of the card's answers


def _greeting(client: Client, call: say.Version) -> say.Version:
    """The protocol to use; a client that learns that the service has stopped goes away."""
    if call.major != _MAJOR or call.minor < _OLDEST:
        return say.Version(_MAJOR, _NEWEST, code=Code.E_SERVICE_STOPPED)
    client.minor = min(call.minor, _NEWEST)
    return say.Version(_MAJOR, client.minor, code=Code.S_SUCCESS)


def refusal(call: say.Message, code: int) -> say.Message:
    """The answer to *call* that says *code*, and nothing of what *call* carried."""
    match call:
        case say.Transmit():
            return replace(call, receive_length=0, code=code, data=b"")
        case say.Control():
            return replace(call, returned=0, code=code, data=b"")
        case say.Call():
            return replace(call, code=code)
        case _:
            return call
