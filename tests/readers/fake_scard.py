"""A PC/SC library in memory, with a card that remembers its PIN, and failures where a test wants them.

It behaves as pyscard's raw layer over pcsc-lite does where that matters: answers are codes, or lists that begin with
one; after a reset or power-off a connection hears of nothing else; a transaction that cannot be ended ends with its
connection; and a failed call leaves garbage where a handle would be.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

import pytest

from mynacard.readers import events, reader_card
from mynacard.readers.pyscard import Pyscard
from mynacard.simulator import SimulatedCard

RESET: Final = 0x80100068
UNSUPPORTED: Final = 0x80100022
INVALID_HANDLE: Final = 0x80100003
NO_READERS: Final = 0x8010002E
UNKNOWN_READER: Final = 0x80100009
NO_CARD: Final = 0x8010000C
TIMEOUT: Final = 0x8010000A
PRESENT: Final = 0x20
READER_LIST: Final = "\\\\?PnP?\\Notification"

READER: Final = "A Reader 00 00"
ATR: Final = bytes.fromhex("3BE000FF8131FE4514")
PIN_VERIFY: Final = bytes.fromhex("0020009804") + b"4711"
LOG_OUT: Final = bytes.fromhex("00A4040C07A0000001510000")
SELECT: Final = bytes.fromhex("00A4040C0AD392F000260100000001")


@dataclass
class FakeCard:
    """Answers '9000' to everything; remembers whether a PIN is verified, and the commands that it was sent."""

    verified: bool = False
    sent: list[bytes] = field(default_factory=list[bytes])
    answers: list[object] = field(default_factory=list[object])

    def transmit(self, command: bytes) -> object:
        self.sent.append(command)
        if command[1] == 0x20 and len(command) > 5:
            self.verified = True
        if command == LOG_OUT:
            self.verified = False
        return self.answers.pop(0) if self.answers else [0x90, 0x00]

    def typed(self) -> list[int]:
        """The holder types the right PIN at the reader."""
        self.verified = True
        return [0x90, 0x00]


class FakeScard:
    """The part of ``smartcard.scard`` that mynacard uses."""

    SCARD_SCOPE_USER = 0
    SCARD_PROTOCOL_T1 = 2
    SCARD_LEAVE_CARD = 0
    SCARD_UNPOWER_CARD = 2

    def __init__(self) -> None:
        self.card = FakeCard()
        self.readers: dict[str, tuple[int, list[int]]] = {READER: (0x22, list(ATR))}
        self.calls: list[str] = []
        self.dispositions: dict[str, list[int]] = {"SCardEndTransaction": [], "SCardDisconnect": []}
        self.contexts: set[int] = set()
        self.connections: dict[int, int] = {}
        self.transaction: int | None = None
        self.was_reset = False
        self.transmitted: list[bytes] = []
        """Every command that was passed, whether it reached the card or not."""
        self.fails_on: dict[bytes, int | BaseException] = {}
        self.controls: dict[int, object] = {}
        """The reader's own answers, by control code; it refuses all other codes as unknown."""
        self._blocked: dict[str, tuple[int, threading.Event]] = {}
        self._failures: dict[str, list[int | BaseException]] = {}
        self._handles = iter(range(0x1001, 0x7FFF))

    # --- for tests

    def fail(self, call: str, *outcomes: int | BaseException) -> None:
        """Make the next calls of *call* return a code or raise, and do nothing else."""
        self._failures.setdefault(call, []).extend(outcomes)

    def block(self, call: str, after: int = 0) -> threading.Event:
        """Block the next *call*, or the one *after* more calls, until the returned event is set; then it is done."""
        self._blocked[call] = (after, released := threading.Event())
        return released

    def wait_until_nothing_is_open(self) -> None:
        """Wait for the end of a blocked call, which releases everything when it returns."""
        for _ in range(1000):
            if self.nothing_is_open:
                return
            time.sleep(0.01)
        raise AssertionError((self.contexts, self.connections, self.transaction))

    @property
    def nothing_is_open(self) -> bool:
        return not self.contexts and not self.connections and self.transaction is None

    # --- the library

    def SCardEstablishContext(self, scope: int, /) -> object:
        def establish() -> object:
            self.contexts.add(context := next(self._handles))
            return [0, context]

        return self._do("SCardEstablishContext", establish, [0x8010001D, 0x7FFD1234])  # a failure leaves garbage there

    def SCardReleaseContext(self, context: int, /) -> object:
        def release() -> object:
            if context not in self.contexts:
                return INVALID_HANDLE
            for card in [card for card, owner in self.connections.items() if owner == context]:
                self._drop(card)
            self.contexts.remove(context)
            return 0

        return self._do("SCardReleaseContext", release)

    def SCardListReaders(self, context: int, groups: list[str], /) -> object:
        assert groups == []
        assert context in self.contexts
        return self._do("SCardListReaders", lambda: [0, list(self.readers)] if self.readers else [NO_READERS, []])

    def SCardGetStatusChange(self, context: int, timeout_ms: int, states: list[tuple[str, int]], /) -> object:
        assert context in self.contexts

        def changes() -> object:
            """Every wait ends at once: nothing has changed."""
            if missing := [name for name, _ in states if name not in self.readers and name != READER_LIST]:
                assert missing
                return [UNKNOWN_READER, []]
            found = [(name, *self.readers.get(name, (len(self.readers) << 16, []))) for name, _ in states]
            changed = any(known != state for (_, known), (_, state, _) in zip(states, found, strict=True))
            return [0, found] if changed else [TIMEOUT, found]

        return self._do("SCardGetStatusChange", changes)

    def SCardCancel(self, context: int, /) -> object:
        return self._do("SCardCancel", lambda: 0 if context in self.contexts else INVALID_HANDLE)

    def SCardConnect(self, context: int, reader: str, mode: int, protocols: int, /) -> object:
        assert (mode, protocols) == (2, 3), "shared, whatever protocol"

        def connect() -> object:
            if reader not in self.readers:
                return [UNKNOWN_READER, 0, 0]
            if not self.readers[reader][0] & PRESENT:
                return [NO_CARD, 0, 0]
            self.connections[card := next(self._handles)] = context
            return [0, card, self.SCARD_PROTOCOL_T1]

        return self._do("SCardConnect", connect, [0, 0, 0])

    def SCardDisconnect(self, card: int, disposition: int, /) -> object:
        def disconnect() -> object:
            if card not in self.connections:
                return INVALID_HANDLE
            self._drop(card)
            self._dispose("SCardDisconnect", disposition)
            return 0

        return self._do("SCardDisconnect", disconnect)

    def SCardBeginTransaction(self, card: int, /) -> object:
        def begin() -> object:
            assert self.transaction is None
            self.transaction = card
            return 0

        return self._do("SCardBeginTransaction", begin)

    def SCardEndTransaction(self, card: int, disposition: int, /) -> object:
        def end() -> object:
            if self.was_reset:
                return RESET
            assert self.transaction == card
            self._dispose("SCardEndTransaction", disposition)
            self.transaction = None
            return 0

        return self._do("SCardEndTransaction", end)

    def SCardStatus(self, card: int, /) -> object:
        assert card in self.connections
        return self._do("SCardStatus", lambda: [0, READER, 0x34, self.SCARD_PROTOCOL_T1, list(ATR)], [0, "", 0, 0, []])

    def SCardTransmit(self, card: int, protocol: int, command: list[int], /) -> object:
        assert self.transaction == card, "no command goes out but in a transaction"
        assert protocol == self.SCARD_PROTOCOL_T1
        assert isinstance(command, list), "the binding takes a list of numbers and nothing else"
        wire = bytes(command)
        self.transmitted.append(wire)
        if wire in self.fails_on:
            self.fail("SCardTransmit", self.fails_on[wire])

        def transmit() -> object:
            return [RESET, []] if self.was_reset else [0, self.card.transmit(wire)]

        return self._do("SCardTransmit", transmit, [0, []])

    def SCARD_CTL_CODE(self, function: int, /) -> int:
        return 0x42000000 + function

    def SCardControl(self, card: int, code: int, data: list[int], /) -> object:
        assert card in self.connections

        def control() -> object:
            if code not in self.controls:
                return [UNSUPPORTED, []]
            answer = self.controls[code]
            return [0, answer() if callable(answer) else answer] if not isinstance(answer, int) else [answer, []]

        return self._do("SCardControl", control, [0, []])

    # --- inside

    def _do(self, call: str, done: Callable[[], object], shape: list[object] | None = None) -> object:
        self.calls.append(call)
        if call in self._blocked:
            after, released = self._blocked.pop(call)
            if after:
                self._blocked[call] = (after - 1, released)
            else:
                assert released.wait(30), "nobody released it"
        if outcomes := self._failures.get(call):
            outcome = outcomes.pop(0)
            if isinstance(outcome, BaseException):
                raise outcome
            return [outcome, *shape[1:]] if shape else outcome
        return done()

    def _drop(self, card: int) -> None:
        del self.connections[card]
        if self.transaction == card:
            self.transaction = None

    def _dispose(self, call: str, disposition: int) -> None:
        self.dispositions[call].append(disposition)
        if disposition == self.SCARD_UNPOWER_CARD:
            self.card.verified = False
            self.was_reset = True


class Clock:
    """Time that passes only during a sleep."""

    def __init__(self) -> None:
        self.now = 0.0

    def monotonic(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        assert seconds > 0
        self.now += seconds


class Desk(FakeScard):
    """A PC/SC library whose one reader holds a simulated card."""

    def __init__(self, card: SimulatedCard) -> None:
        super().__init__()
        self.simulated = card
        self.at_signature: int | BaseException | None = None
        """What happens in the middle of a signature."""
        self.signatures_before = 0
        """How many are made before that."""

    def SCardTransmit(self, card: int, protocol: int, command: list[int], /) -> object:
        wire = bytes(command)
        if wire[1] == 0x2A and self.at_signature is not None:
            if self.signatures_before == 0:
                self.fail("SCardTransmit", self.at_signature)
            self.signatures_before -= 1
        self.card.answers.append(list(self.simulated.transmit(wire)))
        return super().SCardTransmit(card, protocol, command)

    def _dispose(self, call: str, disposition: int) -> None:
        super()._dispose(call, disposition)
        self.was_reset = False  # each of a command's connections is new, and hears nothing of the one before
        if disposition == self.SCARD_UNPOWER_CARD:
            self.simulated.power_off()

    @property
    def verifies(self) -> list[bytes]:
        return [command for command in self.transmitted if command[1] == 0x20 and len(command) > 5]


def desk_with(card: SimulatedCard, monkeypatch: pytest.MonkeyPatch) -> Desk:
    """A desk with *card* on its one reader, which is what the rooms find that look for a PC/SC library."""
    desk = Desk(card)
    for room in (events, reader_card):
        monkeypatch.setattr(room, "find_library", lambda: Pyscard(desk))
    return desk
