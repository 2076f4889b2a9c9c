"""A client of the service without a socket, and a clock that stands still."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from itertools import count
from typing import TypeVar

from mynacard.doors.pcsclite import messages as say
from mynacard.doors.pcsclite import wire
from mynacard.doors.pcsclite.calls import Observer, unobserved
from mynacard.doors.pcsclite.scard import Code, Disposition, ShareMode
from mynacard.doors.pcsclite.service import Service
from mynacard.simulator import SimulatedCard

C = TypeVar("C", bound=say.Call)

READER = "Simulated Reader 00 00"
T0_OR_T1 = 3
APPLICATION = bytes.fromhex("00A4040C0AD392F000260100000001")
VERIFY = bytes.fromhex("002000980431323334")
SIGN = bytes.fromhex("802A009702686900")
"""After :data:`APPLICATION`: '6982' if the PIN is not verified."""
DONE = b"\x90\x00"
REFUSED = b"\x69\x82"


class Clock:
    """A clock that moves only when a test moves it."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


def tokens() -> Iterator[int]:
    return count(1)


def new_service(clock: Clock | None = None, observe: Observer = unobserved) -> Service:
    """A service with an empty desk: 0.5 s until a card loses its power, 10 s of patience."""
    numbers = tokens()
    return Service(clock or Clock(), lambda: next(numbers), 0.5, 10.0, observe)


def request(message: say.Message) -> bytes:
    """*message* as a client sends it."""
    body = wire.encode(message)
    if isinstance(message, say.Transmit):
        return wire.HEADER.pack(wire.TRANSMIT.size, wire.TRANSMIT_COMMAND) + body
    layout = wire.LAYOUTS[type(message)]
    return wire.HEADER.pack(layout.body.sizeof(), layout.command) + body


def answer(kind: type[C], data: bytes) -> C:
    """The answer in *data* to a client that sent a *kind*."""
    if issubclass(kind, say.Transmit):
        card, protocol, pci, sent, protocol_back, pci_back, length, code = wire.TRANSMIT.unpack_from(data)
        rest = data[wire.TRANSMIT.size :]
        return kind(card, protocol, pci, sent, protocol_back, pci_back, length, code=code, data=rest)
    body = wire.NOTICES[kind] if kind in wire.NOTICES else wire.LAYOUTS[kind].body
    value = body.parse(data)
    known = {field.name: value[field.name] for field in dataclasses.fields(kind) if field.name != "data"}
    rest = {"data": data[body.sizeof() :]} if issubclass(kind, say.Control) else {}
    return kind(**known, **rest)


class Program:
    """A program that is connected to *service*."""

    def __init__(self, service: Service, peer: int = 1) -> None:
        self.service = service
        client = service.attach(peer)
        assert client is not None
        self.client = client
        self.context = 0

    @property
    def hung_up_on(self) -> bool:
        return self.client.gone

    def send(self, data: bytes) -> None:
        self.service.receive(self.client, data)

    def read(self) -> bytes:
        """Everything sent to it since the last read."""
        said = bytes(self.client.outbox)
        self.client.outbox.clear()
        return said

    def ask(self, message: C) -> C:
        """The answer to *message*, which comes at once."""
        self.send(request(message))
        said = self.read()
        assert said, "no answer"
        return answer(type(message), said)

    def leave(self) -> None:
        self.service.leave(self.client)

    # --- what programs do ---

    def establish(self) -> None:
        self.context = self.ask(say.EstablishContext(0)).context

    def connect(
        self, reader: str = READER, mode: ShareMode = ShareMode.SHARED, protocols: int = T0_OR_T1
    ) -> say.Connect:
        if not self.context:
            self.establish()
        return self.ask(say.Connect(self.context, reader, mode, protocols))

    def connected(self, mode: ShareMode = ShareMode.SHARED) -> int:
        """The handle of a connection."""
        made = self.connect(mode=mode)
        assert made.code == Code.S_SUCCESS, Code(made.code).name
        return made.card

    def reconnect(
        self, card: int, mode: ShareMode = ShareMode.SHARED, initialization: Disposition = Disposition.LEAVE
    ) -> int:
        return self.ask(say.Reconnect(card, mode, T0_OR_T1, initialization)).code

    def disconnect(self, card: int, disposition: Disposition = Disposition.LEAVE) -> int:
        return self.ask(say.Disconnect(card, disposition)).code

    def begin(self, card: int) -> int:
        return self.ask(say.BeginTransaction(card)).code

    def end(self, card: int, disposition: Disposition = Disposition.LEAVE) -> int:
        return self.ask(say.EndTransaction(card, disposition)).code

    def status(self, card: int) -> int:
        return self.ask(say.Status(card)).code

    def transmit(self, card: int, command: bytes, room: int = 258, protocol: int = 2) -> bytes | int:
        """The response, or the code of the failure."""
        said = self.ask(transmission(card, command, room, protocol))
        assert said.code or said.receive_length == len(said.data)
        return said.code or said.data


def transmission(card: int, command: bytes, room: int = 258, protocol: int = 2) -> say.Transmit:
    return say.Transmit(card, protocol, 16, len(command), 3, 16, room, data=command)


def verified(card: SimulatedCard) -> bool:
    """Whether a PIN is verified in *card*: the next program signs without one."""
    return bool(card.state.verified)
