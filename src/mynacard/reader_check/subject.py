"""What all checks of a reader share: the reader, a connection to it, what the person asked for, and how a check ends.

A check takes the desk and what it measures into; it returns a sentence, or raises :class:`Failed`, :class:`Noted` or
:class:`NotTested`. What it measured before it raised is kept.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Generator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from functools import partial
from typing import Final, TypeAlias, TypeVar

from mynacard import errors
from mynacard.apdu.commands import SelectDf, VerifyStatus, encode
from mynacard.jpki import DF_NAME, USER_AUTHENTICATION
from mynacard.pin import Pin
from mynacard.reader_check.report import CardKind, Value
from mynacard.readers import (
    Calls,
    Deadlines,
    Disposition,
    Library,
    ReaderCard,
    ReaderIdentity,
    ReaderState,
    Share,
    Worker,
    find_library,
    list_readers,
)

__all__ = [
    "BACK_S",
    "DEADLINES",
    "PIN_STATUS",
    "SELECT_JPKI",
    "Connection",
    "Desk",
    "Failed",
    "NotTested",
    "Noted",
    "Options",
    "Stuck",
    "Values",
    "connected",
    "median",
    "opened",
    "timed",
]

T = TypeVar("T")
Values: TypeAlias = dict[str, Value]

SELECT_JPKI: Final = bytes(encode(SelectDf(DF_NAME)))
PIN_STATUS: Final = bytes(encode(VerifyStatus(USER_AUTHENTICATION.pin.key)))
"""VERIFY without data: asks, and spends no try."""

DEADLINES: Final = Deadlines(service_s=5.0, card_s=15.0, busy_s=5.0, leaving_s=2.0)
BACK_S: Final = 5.0
"""How long a card may take to come back after a failure that its driver takes for a removal."""


class Finding(Exception):
    """How a check ended, in two sentences: what is so, and what that means or what to do now."""

    def __init__(self, what: str, then: str) -> None:
        super().__init__(f"{what} {then}")


class Failed(Finding):
    """The reader does not do what is expected of it."""


class Stuck(Failed):
    """The reader no longer answers anything."""


class Noted(Finding):
    """The reader works, and does something that its user should know."""


class NotTested(Exception):
    """The check could not be made, or was not asked for; the sentence says why."""


@dataclass(frozen=True)
class Options:
    """What the person asked for.

    Attributes:
        rounds: how often each command is timed.
        soak_s: how long to read the certificate again and again, in seconds; 0: not at all.
        removal: whether a person will take the card off when told to.
        pin: the user-authentication PIN, if it may be presented; a wrong one costs a try.
        typed: whether that PIN may be asked for at the reader's keypad.
        tell: tells the person what to do.
    """

    rounds: int = 30
    soak_s: float = 0.0
    removal: bool = False
    pin: Pin | None = None
    typed: bool = False
    tell: Callable[[str], None] = print


@dataclass
class Desk:
    """What is checked, and what was learned about it on the way.

    Attributes:
        name: the reader's whole name.
        options: what the person asked for.
        library: the PC/SC library; None until the first check found it.
        kind: what lies on the reader.
        atr: its answer to reset.
        identity: what the reader tells of itself.
        answer_max: bytes of the longest answer that was seen to pass.
        limited: whether a longer one does not.
    """

    name: str
    options: Options = field(default_factory=Options)
    library: Library | None = None
    kind: CardKind = CardKind.NONE
    atr: bytes = b""
    identity: ReaderIdentity = ReaderIdentity()
    answer_max: int = 258
    limited: bool = True

    def state(self) -> ReaderState | None:
        """The reader as PC/SC lists it now; None if it does not."""
        return next((state for state in list_readers(self.library, DEADLINES) if state.name == self.name), None)

    def need_card(self) -> None:
        if self.kind is CardKind.NONE:
            raise NotTested("There is no card on the reader.")

    def need_jpki(self) -> None:
        self.need_card()
        if self.kind is not CardKind.JPKI:
            raise NotTested("There is no Individual Number Card on the reader.")


class Connection:
    """A connection to the reader, each call with a deadline, and every code as its exception."""

    def __init__(self, desk: Desk, share: Share = Share.SHARED) -> None:
        self._calls = Calls(find_library() if desk.library is None else desk.library, desk.name)
        self.worker = Worker()
        self._context = self._run(self._calls.establish_context)
        self._card: int | None = None
        try:
            self._card, self.protocol = self._run(lambda: self._calls.connect(self._context, desk.name, share))
        except BaseException:
            self.close()
            raise

    @property
    def card(self) -> int:
        if self._card is None:
            raise errors.CardLostError("The connection is closed.")
        return self._card

    def begin(self) -> None:
        self._run(partial(self._calls.begin_transaction, self.card))

    def end(self, disposition: Disposition = Disposition.LEAVE) -> None:
        self._run(partial(self._calls.end_transaction, self.card, disposition))

    def transmit(self, command: bytes) -> bytes:
        return self._run(partial(self._calls.transmit, self.card, self.protocol, command))

    def atr(self) -> bytes:
        return self._run(partial(self._calls.atr, self.card))

    def features(self) -> Mapping[int, int]:
        return self._run(partial(self._calls.features, self.card))

    def control(self, code: int) -> bytes:
        return self._run(partial(self._calls.control, self.card, code, b""))

    def post_begin(self) -> Callable[[float], bool]:
        """Ask for a transaction without waiting; the result says whether it has begun after a number of seconds."""
        pending = self.worker.post(partial(self._calls.begin_transaction, self.card))

        def there(seconds: float) -> bool:
            ended = pending.wait(seconds)
            if ended is None:
                return False
            ended()
            return True

        return there

    def disconnect(self, disposition: Disposition = Disposition.LEAVE) -> None:
        card, self._card = self._card, None
        if card is not None:
            self._run(partial(self._calls.disconnect, card, disposition))

    def close(self) -> None:
        """Let everything go, whatever state it is in."""
        if self._card is not None:
            self.worker.finish(partial(_quietly, self.disconnect_now), DEADLINES.leaving_s)
        self.worker.finish(partial(_quietly, partial(self._calls.release_context, self._context)), DEADLINES.leaving_s)
        self.worker.stop()

    def disconnect_now(self) -> None:
        card, self._card = self._card, None
        if card is not None:
            self._calls.disconnect(card, Disposition.LEAVE)

    def _run(self, job: Callable[[], T]) -> T:
        return self.worker.run("PC/SC", job, DEADLINES.card_s)


def _quietly(step: Callable[[], object]) -> None:
    with suppress(errors.MynacardError):
        step()


@contextmanager
def connected(desk: Desk, share: Share = Share.SHARED) -> Generator[Connection, None, None]:
    """A connection, closed on every way out. A card that just failed may need a moment to come back."""
    until = time.monotonic() + BACK_S
    while True:
        try:
            connection = Connection(desk, share)
            break
        except (errors.NoCardError, errors.CardMuteError, errors.CardLostError):
            if time.monotonic() >= until:
                raise
            time.sleep(0.1)
    try:
        yield connection
    finally:
        connection.close()


@contextmanager
def opened(desk: Desk) -> Generator[ReaderCard, None, None]:
    """The card as the library opens it, in a transaction."""
    with ReaderCard(desk.name, desk.library, DEADLINES) as card, card.transaction():
        yield card


def median(numbers: list[float]) -> float:
    """The one in the middle; the lower of two."""
    return sorted(numbers)[(len(numbers) - 1) // 2]


def timed(job: Callable[[], object]) -> float:
    """How many seconds *job* takes."""
    start = time.perf_counter()
    job()
    return time.perf_counter() - start
