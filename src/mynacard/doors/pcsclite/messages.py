"""The messages between pcscd and its clients, as values.

Source: pcsc-lite 1.9.9 (protocol 4:4) and 2.3.0 (4:5), src/winscard_msg.h and src/eventhandler.h;
vectors/simulator/pcsclite-4-6.json for 4:6.
"""

from __future__ import annotations

from dataclasses import field

from mynacard._dataclasses import dataclass

__all__ = [
    "BeginTransaction",
    "Call",
    "Cancel",
    "ChangeNotice",
    "Connect",
    "Control",
    "CountRows",
    "Disconnect",
    "EndTransaction",
    "EstablishContext",
    "GetAttribute",
    "GetReaderEvents",
    "GetReaders",
    "GetRows",
    "Message",
    "ReaderEvents",
    "ReaderState",
    "Reconnect",
    "ReleaseContext",
    "RowCount",
    "SetAttribute",
    "Status",
    "StopWaiting",
    "Transmit",
    "Version",
    "WaitForChange",
]


@dataclass(frozen=True, slots=True)
class Message:
    """A message to or from a client."""


@dataclass(frozen=True, slots=True)
class Call(Message):
    """A function that a client calls; the answer is the same, filled in, and *code* is what the function returns."""

    code: int = field(default=0, kw_only=True)


@dataclass(frozen=True, slots=True)
class Version(Call):
    major: int
    minor: int


@dataclass(frozen=True, slots=True)
class EstablishContext(Call):
    scope: int
    context: int = 0


@dataclass(frozen=True, slots=True)
class ReleaseContext(Call):
    context: int


@dataclass(frozen=True, slots=True)
class Connect(Call):
    context: int
    reader: str
    share_mode: int
    protocols: int
    card: int = 0
    protocol: int = 0


@dataclass(frozen=True, slots=True)
class Reconnect(Call):
    card: int
    share_mode: int
    protocols: int
    initialization: int
    protocol: int = 0


@dataclass(frozen=True, slots=True)
class Disconnect(Call):
    card: int
    disposition: int


@dataclass(frozen=True, slots=True)
class BeginTransaction(Call):
    card: int


@dataclass(frozen=True, slots=True)
class EndTransaction(Call):
    card: int
    disposition: int


@dataclass(frozen=True, slots=True)
class Transmit(Call):
    """An APDU. *send_length* and *data* are the command's; the answer has the response's in their places.

    Never printed: the data may be a PIN.
    """

    card: int
    send_protocol: int
    send_pci_length: int
    send_length: int
    receive_protocol: int
    receive_pci_length: int
    receive_length: int
    data: bytes = field(default=b"", repr=False)


@dataclass(frozen=True, slots=True)
class Control(Call):
    """Something for the reader itself."""

    card: int
    control_code: int
    send_length: int
    receive_length: int
    returned: int = 0
    data: bytes = field(default=b"", repr=False)


@dataclass(frozen=True, slots=True)
class Status(Call):
    """Whether the card is still the one that was connected; all else about it is in the readers' table."""

    card: int


@dataclass(frozen=True, slots=True)
class Cancel(Call):
    """Ends the wait of another connection: the one with *context*."""

    context: int


@dataclass(frozen=True, slots=True)
class GetAttribute(Call):
    card: int
    attribute: int
    value: bytes
    length: int


@dataclass(frozen=True, slots=True)
class SetAttribute(GetAttribute):
    pass


@dataclass(frozen=True, slots=True)
class GetReaders(Message):
    """Asks for the readers' table of :data:`.FIXED_ROWS` rows."""


@dataclass(frozen=True, slots=True)
class WaitForChange(Message):
    """Asks for a :class:`ChangeNotice` as soon as the readers' table changes; up to protocol 4:5 also for the table."""


@dataclass(frozen=True, slots=True)
class StopWaiting(Message):
    """Ends the wait: answered by a :class:`ChangeNotice`, unless one is on its way already."""


@dataclass(frozen=True, slots=True)
class GetReaderEvents(Message):
    """Asks how often readers came or went (since protocol 4:5)."""


@dataclass(frozen=True, slots=True)
class CountRows(Message):
    """Asks how many rows the readers' table has now (since protocol 4:6)."""


@dataclass(frozen=True, slots=True)
class GetRows(Message):
    """Asks for the rows that were counted (since protocol 4:6)."""


@dataclass(frozen=True, slots=True)
class ChangeNotice(Call):
    timeout_ms: int = 0


@dataclass(frozen=True, slots=True)
class ReaderEvents(Call):
    count: int


@dataclass(frozen=True, slots=True)
class RowCount(Message):
    count: int


@dataclass(frozen=True, slots=True)
class ReaderState:
    """A row of the readers' table: all that a client can learn without asking the card."""

    name: str
    event_counter: int
    state: int
    sharing: int
    """How many connections there are; -1 for an exclusive one."""
    atr: bytes
    protocol: int
