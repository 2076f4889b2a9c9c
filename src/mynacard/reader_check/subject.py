"""Shared by all checks of a reader: the reader, a connection to it, the person's options, and how a check ends.

A check takes the desk and a dictionary for its measurements. It returns a sentence, or raises :class:`Failed`,
:class:`Noted` or :class:`NotTested`; measurements made before that are kept. An error of this library also fails it.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Generator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from functools import partial
from typing import Final, TypeAlias, TypeVar

from mynacard import errors
from mynacard.apdu.channel import Channel
from mynacard.apdu.commands import SelectDf, VerifyStatus, encode
from mynacard.jpki import DF_NAME, USER_AUTHENTICATION
from mynacard.pin import Pin
from mynacard.reader_check.report import CardKind, Value
from mynacard.reader_check.witness import Line, Watched, Witness
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
"""VERIFY without data: asks for the tries left, and spends none."""

DEADLINES: Final = Deadlines(service_s=5.0, card_s=15.0, busy_s=5.0, leaving_s=2.0)
BACK_S: Final = 5.0
"""The longest that a card may take to come back after a failure that its driver takes for a removal."""


class Finding(Exception):
    """How a check ended, in two sentences: what happened, and what that means or what to do next."""

    def __init__(self, what: str, then: str) -> None:
        super().__init__(f"{what} {then}")


class Failed(Finding):
    """The reader does not work as expected."""


class Stuck(Failed):
    """The reader no longer answers anything."""


class Noted(Finding):
    """The reader works, and its user should know something about it."""


class NotTested(Exception):
    """The check could not be made, or was not requested; the sentence says why."""


@dataclass(frozen=True)
class Options:
    """The person's choices.

    Attributes:
        rounds: how many times each command is timed.
        soak_s: how long to read the certificate repeatedly, in seconds; 0 skips that check.
        removal: whether a person will take the card off the reader when asked to.
        pin: the user-authentication PIN, if it may be presented; a wrong one costs a try.
        typed: whether the person may be asked for that PIN at the reader's keypad.
        tell: called with a sentence that asks the person to do something.
    """

    rounds: int = 30
    soak_s: float = 0.0
    removal: bool = False
    pin: Pin | None = None
    typed: bool = False
    tell: Callable[[str], None] = print


@dataclass
class Desk:
    """The reader under test, and what the checks have learned about it.

    Attributes:
        name: the full name of the reader.
        options: the person's choices.
        library: the PC/SC library; None until the first check finds it.
        kind: the kind of card on the reader.
        atr: the card's answer to reset.
        identity: the properties that the reader reports about itself.
        answer_max: the longest answer, in bytes, that was seen to pass.
        limited: whether longer answers do not pass.
        witness: watches every exchange with the card.
    """

    name: str
    options: Options = field(default_factory=Options)
    library: Library | None = None
    kind: CardKind = CardKind.NONE
    atr: bytes = b""
    identity: ReaderIdentity = ReaderIdentity()
    answer_max: int = 258
    limited: bool = True
    witness: Witness = field(default_factory=Witness)

    def state(self) -> ReaderState | None:
        """The reader's state in PC/SC's list now; None if it is not listed.

        Raises:
            ReaderError: PC/SC cannot be asked.
        """
        return next((state for state in list_readers(self.library, DEADLINES) if state.name == self.name), None)

    def need_card(self) -> None:
        """Leave the check out unless there is a card.

        Raises:
            NotTested: there is no card on the reader, or none that answered.
        """
        if self.kind is CardKind.NONE:
            raise NotTested("There is no card on the reader.")

    def need_jpki(self) -> None:
        """Leave the check out unless there is an Individual Number Card.

        Raises:
            NotTested: there is no such card on the reader.
        """
        self.need_card()
        if self.kind is not CardKind.JPKI:
            raise NotTested("There is no Individual Number Card on the reader.")


class Connection:
    """A connection to the reader. Each call has a deadline.

    Raises:
        ReaderError: by every method except :meth:`close`: the class for the code that PC/SC returned; CallTimeoutError
            after the deadline; CardLostError on a closed connection.
    """

    def __init__(self, desk: Desk, share: Share = Share.SHARED) -> None:
        self._calls = Calls(find_library() if desk.library is None else desk.library, desk.name)
        self.worker = Worker()
        self._context = self._run(self._calls.establish_context)
        self._card: int | None = None
        self._witness = desk.witness
        self.line = Line(self._witness)
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
        if disposition is not Disposition.LEAVE:
            self.line = Line(self._witness)

    def transmit(self, command: bytes) -> bytes:
        return self.line.exchange(
            command, lambda: self._run(partial(self._calls.transmit, self.card, self.protocol, command))
        )

    def atr(self) -> bytes:
        return self._run(partial(self._calls.atr, self.card))

    def features(self) -> Mapping[int, int]:
        return self._run(partial(self._calls.features, self.card))

    def control(self, code: int) -> bytes:
        return self._run(partial(self._calls.control, self.card, code, b""))

    def post_begin(self) -> Callable[[float], bool]:
        """Ask for a transaction without waiting; the result waits for some seconds and says whether it has begun."""
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
        """Release everything, in whatever state it is; errors are ignored."""
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
    """A connection that is closed at the end. It waits for a card that needs a moment to come back after a failure.

    Raises:
        ReaderError: there is no card, it is mute or lost, longer than :data:`BACK_S`; or PC/SC refuses for another
            reason.
    """
    until = time.monotonic() + BACK_S
    while True:
        since = desk.witness.clock()
        try:
            connection = Connection(desk, share)
            break
        except (errors.NoCardError, errors.CardMuteError, errors.CardLostError) as error:
            if time.monotonic() >= until:
                raise
            desk.witness.failed("Connecting", since, error)
            time.sleep(0.1)
    try:
        yield connection
    finally:
        connection.close()


@contextmanager
def opened(desk: Desk) -> Generator[Channel, None, None]:
    """A channel to the card as the library opens it, in a transaction.

    Raises:
        ReaderError: the card cannot be opened.
    """
    with ReaderCard(desk.name, desk.library, DEADLINES) as card, card.transaction():
        yield Channel(Watched(card, desk.witness), card.card_profile)


def median(numbers: list[float]) -> float:
    """The median of *numbers*: the lower middle one where their count is even."""
    return sorted(numbers)[(len(numbers) - 1) // 2]


def timed(job: Callable[[], object]) -> float:
    """The seconds that *job* takes."""
    start = time.perf_counter()
    job()
    return time.perf_counter() - start
