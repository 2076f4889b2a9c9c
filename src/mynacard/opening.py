"""One door to every card: on a reader, in a file, or in memory."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Generator
from contextlib import AbstractContextManager
from pathlib import Path
from typing import TYPE_CHECKING, Final, Protocol

from mynacard import errors
from mynacard.apdu.channel import CardProfile, Channel
from mynacard.apdu.exposure import LOG_OUT_WIRE, Exposure
from mynacard.apdu.message import Card
from mynacard.readers import (
    Deadlines,
    Ownership,
    ReaderCard,
    ReaderState,
    Replay,
    list_readers,
    read_recording,
    wait_for_card,
)
from mynacard.texts import N_

if TYPE_CHECKING:
    from mynacard.simulator.powered import PoweredCard

__all__ = ["REPLAYED", "SIMULATED", "CardConnection", "choose_reader", "connect_card", "open_card"]

SIMULATED: Final = "sim:"
"""Names a simulated card: alone a fresh one, before a path the one in that file."""
PERSONA: Final = "@"
"""Names after it the persona of a fresh simulated card, where a path would stand."""
REPLAYED: Final = "replay:"
"""Names a recorded card, before the path of its recording."""
READER_VARIABLE: Final = "MYNACARD_READER"


class _Usable(Card, Protocol):
    """A card on a reader, or one that is treated alike: a Card inside of a transaction."""

    @property
    def card_profile(self) -> CardProfile:
        """What may be taken for granted of the way to it."""
        ...

    def transaction(self) -> AbstractContextManager[object]: ...
    def adopt(self) -> None: ...


class CardConnection:
    """A card, connected and shared with other programs; commands pass inside of :meth:`transaction`.

    Between two transactions others may use the card, and a person may be asked for a PIN. If the card is removed,
    replaced or reset meanwhile, the next one begins with an error. It ends the sessions of the one before: what they
    had selected, somebody else may have changed. After a transaction in which a PIN was shown there is no other one.

    Belongs to the thread that made it until another one calls :meth:`adopt`; never to a forked process.
    """

    def __init__(self, card: _Usable, around: Callable[[Card], Card]) -> None:
        self._card = card
        self._channel = Channel(around(card), card.card_profile)

    @contextlib.contextmanager
    def transaction(self) -> Generator[Channel, None, None]:
        """The channel to the card, while no other program gets to it.

        Raises:
            ReaderBusyError: another program did not let go of it in time.
            CardLostError: it is not the card, or not in the state, that was connected.
            UsageError: there is a transaction already, or was one with a PIN.
        """
        with self._card.transaction():
            try:
                yield self._channel
            finally:
                self._channel.end_sessions()

    def adopt(self) -> None:
        """Take the card over into the calling thread; the former one must have finished with it."""
        self._card.adopt()


@contextlib.contextmanager
def connect_card(
    name: str | None = None,
    *,
    around: Callable[[Card], Card] = lambda card: card,
    deadlines: Deadlines = Deadlines(),
    wait_s: float = 0.0,
) -> Generator[CardConnection, None, None]:
    """A connection to the card that *name* means, let go on every way out.

    Args:
        name: a reader's name or a part that only one has; ``sim:`` for a fresh simulated card, ``sim:@PERSONA`` for one
            of that kind, ``sim:PATH`` for the one in a file; ``replay:PATH`` for a recorded one; None for what
            ``MYNACARD_READER`` says, else the one reader that holds a card.
        around: a card to put around the card (a trace, a recording).
        deadlines: how long is waited for what.
        wait_s: how long a card may take to be laid on a reader.

    Raises:
        ReaderError: no library, service, reader or card; a name that fits none or several.
        CardFileError: the file of a simulated or recorded card is damaged or in use.
    """
    name = _named(name)
    if name.startswith(SIMULATED):
        opened = _simulated(name.removeprefix(SIMULATED))
    elif name.startswith(REPLAYED):
        opened = _replayed(name.removeprefix(REPLAYED))
    else:
        opened = _on_reader(name, deadlines, wait_s)
    with opened as card:
        yield CardConnection(card, around)


@contextlib.contextmanager
def open_card(
    name: str | None = None,
    *,
    around: Callable[[Card], Card] = lambda card: card,
    deadlines: Deadlines = Deadlines(),
    wait_s: float = 0.0,
) -> Generator[Channel, None, None]:
    """A channel to the card that *name* means; on every way out logged out, and powered off once a PIN was shown.

    One connection, and one transaction around everything: no other program comes between, so ask nobody for a PIN
    inside of it (:func:`mynacard.verified_session` asks outside). Arguments and errors are those of
    :func:`connect_card` and :meth:`CardConnection.transaction`.
    """
    with (
        connect_card(name, around=around, deadlines=deadlines, wait_s=wait_s) as connection,
        connection.transaction() as channel,
    ):
        yield channel


def choose_reader(states: tuple[ReaderState, ...], name: str = "") -> str:
    """The full name of the reader that *name* means among *states*: exactly, or as a part that only one has.

    Without a name: the one that holds a card.
    """
    if not states:
        raise errors.NoReaderError(N_("No card reader is attached."))
    if name:
        fitting = [state.name for state in states if name.casefold() in state.name.casefold()]
        fitting = [name] if name in fitting else fitting
        if not fitting:
            raise errors.ReaderNotFoundError(
                N_("No reader is called {name}. Attached: {readers}."),
                name=name, readers=", ".join(state.name for state in states),
            )  # fmt: skip
    else:
        fitting = [state.name for state in states if state.card_present]
        if not fitting:
            raise errors.NoCardError(
                N_("No card lies on a reader ({reader})."), reader=", ".join(state.name for state in states)
            )
    if len(fitting) > 1:
        raise errors.ReaderAmbiguousError(
            N_("Several readers fit; choose one with --reader or MYNACARD_READER: {readers}."), readers=tuple(fitting)
        )
    return fitting[0]


def _named(name: str | None) -> str:
    return name if name is not None else os.environ.get(READER_VARIABLE, "")


@contextlib.contextmanager
def _on_reader(name: str, deadlines: Deadlines, wait_s: float) -> Generator[_Usable, None, None]:
    states = wait_for_card(name, wait_s) if wait_s else list_readers(deadlines=deadlines)
    with ReaderCard(choose_reader(states, name), deadlines=deadlines) as card:
        yield card


@contextlib.contextmanager
def _simulated(path: str) -> Generator[_Usable, None, None]:
    from mynacard.simulator.doors import disk  # noqa: PLC0415  # a real card needs none of it
    from mynacard.simulator.persona import persona  # noqa: PLC0415

    if path.startswith(PERSONA):
        opened: AbstractContextManager[PoweredCard] = contextlib.nullcontext(
            disk.new_card(persona=persona(path.removeprefix(PERSONA)))
        )
    else:
        opened = disk.open_file(Path(path)) if path else contextlib.nullcontext(disk.new_card())
    with opened as card:
        yield _Simulated(card)


@contextlib.contextmanager
def _replayed(path: str) -> Generator[_Usable, None, None]:
    yield _Replayed(read_recording(Path(path)))


class _Replayed(Replay):
    """A recorded card, used as one on a reader is. There is nothing to log out, and nobody to share it with."""

    card_profile = CardProfile()

    def transaction(self) -> AbstractContextManager[object]:
        return contextlib.nullcontext()

    def adopt(self) -> None:
        pass


class _Simulated:
    """A simulated card, used as one on a reader is: in transactions, by its owner, and left as it is left there."""

    card_profile = CardProfile()

    def __init__(self, card: PoweredCard) -> None:
        self._card = card
        self._owner = Ownership()
        self._exposure = Exposure()
        self._in_transaction = False

    def adopt(self) -> None:
        self._owner.adopt()

    @contextlib.contextmanager
    def transaction(self) -> Generator[None, None, None]:
        self._owner.check()
        if self._in_transaction or self._exposure.pin_shown:
            raise errors.UsageError(N_("The simulated card is in a transaction already, or was in one with a PIN."))
        self._in_transaction = True
        try:
            yield
        finally:
            self._in_transaction = False
            self._leave()

    def transmit(self, command: bytes, /) -> bytes:
        self._owner.check()
        if not self._in_transaction:
            raise errors.UsageError(N_("The simulated card takes commands in a transaction alone."))
        self._exposure.sending(command)
        answer = self._card.transmit(command)
        self._exposure.answered(command, answer)
        return answer

    def _leave(self) -> None:
        if self._exposure.login_possible:
            self._card.transmit(LOG_OUT_WIRE)
        if self._exposure.pin_shown:
            self._card.power_off()
