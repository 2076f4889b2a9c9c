"""A door for every program that speaks PC/SC through pcsc-lite: its socket, and one thread that serves it."""

from __future__ import annotations

import contextlib
import os
import secrets
import socket
import threading
import time
from collections.abc import Callable, Generator, Iterable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from types import TracebackType
from typing import Final, Self

from mynacard.doors.pcsclite.calls import Observer, unobserved
from mynacard.doors.pcsclite.clients import CLIENTS_MAX
from mynacard.doors.pcsclite.in_process import InProcess
from mynacard.doors.pcsclite.loop import Loop
from mynacard.doors.pcsclite.pinpad import Keypad
from mynacard.doors.pcsclite.place import Peer, check_system, listen, peer_of, socket_path
from mynacard.doors.pcsclite.service import Service
from mynacard.doors.pki_cache import new_key_der
from mynacard.simulator.faults import Fault
from mynacard.simulator.faulty import Means
from mynacard.simulator.powered import PoweredCard

__all__ = ["ELSEWHERE", "PcscliteDoor", "reader_name"]

POWER_OFF_AFTER_S: Final = 0.5
"""pcscd looks every 0.4 s, and powers off a card that it finds unused for the second time."""
PATIENCE_S: Final = 10.0
SOCKET_VARIABLE: Final = "PCSCLITE_CSOCK_NAME"
ELSEWHERE: Final = ("LIBPCSCLITE_DELEGATE", "MYNACARD_READER")
"""Variables that would send a program to another service, or mynacard to another reader."""


def reader_name(number: int) -> str:
    """The default name of reader *number*, from 0."""
    return f"Simulated Reader {number:02X} 00"


class PcscliteDoor:
    """A PC/SC service of its own, open while its ``with`` lasts, for the programs of this user.

    Each of *cards* lies on a reader of its own. All methods may be called from every thread, at any time. If a card
    raises anything other than an error of this library or of the system, the service ends, and the ``with`` raises it.

    Attributes:
        socket: its path, once the door is open.

    Args:
        cards: the first readers' cards.
        power_off_after_s: how long a card keeps its power after its last client.
        patience_s: how long a client may take to begin a message, or to finish one.
        clock: seconds, from any start.
        observe: called for each APDU, in the serving thread.
        peer: returns the process and user at the other end of a connection.
        sleep: waits for a number of seconds, for a fault that delays an answer; all other clients wait, too.

    Raises:
        UsageError: on entering: this system has no pcsc-lite, or no place for a socket.
    """

    def __init__(
        self,
        cards: Sequence[PoweredCard] = (),
        *,
        power_off_after_s: float = POWER_OFF_AFTER_S,
        patience_s: float = PATIENCE_S,
        clock: Callable[[], float] = time.monotonic,
        observe: Observer = unobserved,
        peer: Callable[[socket.socket], Peer] = peer_of,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        means = Means(sleep, new_key_der)
        self._service = Service(clock, _token, power_off_after_s, patience_s, observe, means)
        self._clock = clock
        self._peer = peer
        self._lock = threading.Condition(threading.RLock())  # a card may use the door while it answers
        self._ring: Callable[[], None] = lambda: None
        for number, card in enumerate(cards):
            self._service.desk.plug(reader_name(number), card)

    # --- open and shut ---

    def __enter__(self) -> Self:
        check_system()
        with contextlib.ExitStack() as opened:
            self.socket = opened.enter_context(socket_path())
            listener = opened.enter_context(listen(self.socket, CLIENTS_MAX))
            loop = opened.enter_context(Loop(self._service, listener, self._lock, self._clock, self._peer))
            thread = opened.enter_context(ThreadPoolExecutor(1, "pcsclite"))
            self._running: Future[None] = thread.submit(loop.run)
            opened.callback(loop.stop)
            self._ring = loop.ring
            self._opened = opened.pop_all()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._ring = lambda: None
        self._opened.close()
        self._running.result()

    def environment(self) -> dict[str, str]:
        """The environment of this process, changed so that programs started with it use this door."""
        kept = {name: value for name, value in os.environ.items() if name not in ELSEWHERE}
        return kept | {SOCKET_VARIABLE: str(self.socket)}

    @contextlib.contextmanager
    def in_process(self) -> Generator[InProcess, None, None]:
        """The functions of PC/SC for this process, on the same readers, while the ``with`` lasts.

        They need neither an open door nor pcsc-lite.
        """
        with contextlib.closing(InProcess(self._service, self._lock, self._changed)) as functions:
            yield functions

    # --- the desk ---

    def plug(
        self,
        name: str,
        card: PoweredCard | None = None,
        faults: Iterable[Fault] = (),
        keypad: Keypad | None = None,
    ) -> None:
        """A new reader called *name* with *card* on it; *faults* occur at its APDUs, PINs are typed at *keypad*.

        Raises:
            UsageError: the name is taken, empty or too long, the desk is full, or two faults fall on one APDU.
        """
        with self._changing():
            self._service.desk.plug(name, card, faults, keypad)

    def unplug(self, name: str) -> PoweredCard | None:
        """Take the reader away; return the card that was on it.

        Raises:
            UsageError: no reader has this name.
        """
        with self._changing():
            return self._service.desk.unplug(name)

    def insert(self, name: str, card: PoweredCard) -> None:
        """Put *card* on the reader, which must be empty.

        Raises:
            UsageError: no reader has this name, or there is a card on it.
        """
        with self._changing():
            self._service.desk.insert(name, card)

    def remove(self, name: str) -> PoweredCard | None:
        """Take the card off the reader, and return it; None if there is none.

        Raises:
            UsageError: no reader has this name.
        """
        with self._changing():
            return self._service.desk.remove(name)

    def reset(self, name: str) -> None:
        """Reset the card on the reader, warm and from outside: no client asked for it.

        Raises:
            UsageError: no reader has this name.
        """
        with self._changing():
            self._service.desk.reset(name)

    def arm(self, name: str, *faults: Fault) -> None:
        """Replace the reader's faults by *faults*; its APDUs are counted from 1 again.

        Raises:
            UsageError: no reader has this name, or two faults fall on one APDU.
        """
        with self._changing():
            self._service.desk.arm(name, faults)

    def restart(self) -> None:
        """Disconnect every client and power off every card, as if the service had ended and a new one started."""
        with self._changing():
            self._service.restart()

    @contextlib.contextmanager
    def _changing(self) -> Generator[None, None, None]:
        with self._lock:
            yield
            self._changed()

    def _changed(self) -> None:
        self._service.settle()
        self._lock.notify_all()
        self._ring()

    # --- state ---

    @property
    def readers(self) -> tuple[str, ...]:
        """The names of the readers."""
        with self._lock:
            return tuple(reader.name for reader in self._service.desk)

    @property
    def clients(self) -> int:
        """How many connections of programs there are."""
        with self._lock:
            return len(self._service.clients)

    @property
    def open_handles(self) -> int:
        """How many connections to cards there are."""
        with self._lock:
            return self._service.calls.open_handles

    def transaction_holder(self, name: str) -> int | None:
        """The number of the process that has a transaction on the reader; None if there is none.

        Raises:
            UsageError: no reader has this name.
        """
        with self._lock:
            return self._service.calls.transaction_holder(name)

    @property
    def longest_idle_s(self) -> float:
        """The longest time without a command within any transaction, over all readers."""
        with self._lock:
            return max((reader.idleness.longest_s for reader in self._service.desk), default=0.0)


def _token() -> int:
    return 1 + secrets.randbelow((1 << 31) - 1)
