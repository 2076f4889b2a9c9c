"""One door to every card: on a reader, in a file, or in memory."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Generator
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Protocol, TypedDict, Unpack, assert_never

from mynacard.apdu.channel import CardProfile, Channel
from mynacard.apdu.message import Card
from mynacard.arguments import check_type, wrong_type
from mynacard.opening.names import (
    AnyReader,
    CardName,
    FreshSimulated,
    ReaderNamed,
    Recorded,
    SimulatedFile,
    card_name,
    choose_reader,
)
from mynacard.readers.deadlines import Deadlines

__all__ = ["CardConnection", "Deadlines", "OpeningOptions", "connect_card", "open_card"]


class _Usable(Card, Protocol):
    """A card on a reader, or one that is used like it: a Card inside a transaction."""

    @property
    def card_profile(self) -> CardProfile:
        """The assumptions that a channel to this card may make."""
        ...

    def transaction(self) -> AbstractContextManager[object]: ...
    def adopt(self) -> None: ...
    def has_tested_keypad(self) -> bool: ...


class CardConnection:
    """A card, connected and shared with other programs; commands pass inside :meth:`transaction`.

    Between two transactions other programs may use the card, and the holder may be asked for a PIN. If the card is
    removed, replaced or reset meanwhile, the next transaction begins with an error. The end of a transaction ends its
    sessions, since another program may select something else. A transaction in which a PIN was shown is the last.

    Belongs to the thread that made it until another one calls :meth:`adopt`; never to a forked process.
    """

    def __init__(self, card: _Usable, around: Callable[[Card], Card]) -> None:
        self._card = card
        self._channel = Channel(around(card), card.card_profile)

    @contextlib.contextmanager
    def transaction(self) -> Generator[Channel, None, None]:
        """The channel to the card; no other program reaches the card while this lasts.

        Raises:
            ReaderBusyError: another program did not let go of it in time.
            CardLostError: the card was removed, replaced or reset since it was connected.
            UsageError: there is a transaction already, or a PIN was shown in an earlier one.
            OwnershipError: another thread or process has the card.
        """
        with self._card.transaction():
            try:
                yield self._channel
            finally:
                self._channel.end_sessions()

    def adopt(self) -> None:
        """Make the calling thread the owner of the card. The former one must have finished with it.

        Raises:
            OwnershipError: this process is a fork of the owner.
        """
        self._card.adopt()

    def has_tested_keypad(self) -> bool:
        """Whether the card is on a reader with a keypad that is known to have been tested with these cards.

        Raises:
            OwnershipError: another thread or process has the card.
            ReaderError, ReaderFileError: as :meth:`mynacard.readers.ReaderCard.has_tested_keypad`.
        """
        return self._card.has_tested_keypad()


class OpeningOptions(TypedDict, total=False):
    """The arguments of :func:`connect_card` besides the name, for the functions that pass them on."""

    around: Callable[[Card], Card]
    deadlines: Deadlines
    wait_s: float


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
        name: a reader's name, or a part that only one reader has in its name; ``sim:`` for a fresh simulated card,
            ``sim:@PERSONA`` for one of that kind, ``sim:PATH`` for the one in a file; ``replay:PATH`` for a recorded
            one; None for what ``MYNACARD_READER`` says, else the one reader that holds a card.
        around: a card to put around the card (a trace, a recording).
        deadlines: how long to wait for what, on a reader.
        wait_s: how long to wait for a card to be placed on a reader, in seconds.

    Raises:
        ReaderError: no library, service, reader or card; a name that fits none or several (:func:`choose_reader`).
        UsageError: an argument has the wrong type; no persona has this name; or as
            :class:`mynacard.readers.ReaderCard`.
        CardFileError: the file of a simulated or recorded card is missing, damaged or in use.
        TestPkiError: the cache folder cannot be used, so that a fresh simulated card cannot be made.
    """
    if not callable(around):
        raise wrong_type(type(around), "Callable[[Card], Card]")
    check_type(deadlines, Deadlines)
    check_type(wait_s, float, int)
    with _opened(card_name(name), deadlines, wait_s) as card:
        yield CardConnection(card, around)


@contextlib.contextmanager
def open_card(name: str | None = None, **opening: Unpack[OpeningOptions]) -> Generator[Channel, None, None]:
    """A channel to the card that *name* means; at the end it is logged out, and powered off if a PIN was shown.

    One connection, and one transaction around everything, which keeps other programs waiting: do not ask the holder for
    a PIN inside it (:func:`mynacard.verified_session` asks outside). Arguments and errors are those of
    :func:`connect_card` and :meth:`CardConnection.transaction`.
    """
    with connect_card(name, **opening) as connection, connection.transaction() as channel:
        yield channel


def _opened(card: CardName, deadlines: Deadlines, wait_s: float) -> AbstractContextManager[_Usable]:
    match card:
        case AnyReader():
            return _on_reader("", deadlines, wait_s)
        case ReaderNamed(part):
            return _on_reader(part, deadlines, wait_s)
        case FreshSimulated(persona):
            return _fresh(persona)
        case SimulatedFile(path):
            return _in_file(path)
        case Recorded(path):
            return _replayed(path)
        case _:
            assert_never(card)


@contextlib.contextmanager
def _on_reader(part: str, deadlines: Deadlines, wait_s: float) -> Generator[_Usable, None, None]:
    from mynacard.readers import ReaderCard, list_readers, wait_for_card  # noqa: PLC0415  # the others need no reader

    states = wait_for_card(part, wait_s) if wait_s else list_readers(deadlines=deadlines)
    with ReaderCard(choose_reader(states, part), deadlines=deadlines) as card:
        yield card


def _replayed(path: Path) -> AbstractContextManager[_Usable]:
    from mynacard.opening.replayed import ReplayedCard  # noqa: PLC0415  # a real card needs none of it
    from mynacard.recordings import read_recording  # noqa: PLC0415

    return contextlib.nullcontext(ReplayedCard(read_recording(path)))


def _fresh(persona: str | None) -> AbstractContextManager[_Usable]:
    from mynacard.doors import new_cards  # noqa: PLC0415  # a real card needs none of it
    from mynacard.opening.stand_ins import SimulatedCard  # noqa: PLC0415
    from mynacard.simulator import personas  # noqa: PLC0415

    card = new_cards.new_card() if persona is None else new_cards.new_card(persona=personas.persona(persona))
    return contextlib.nullcontext(SimulatedCard(card))


@contextlib.contextmanager
def _in_file(path: Path) -> Generator[_Usable, None, None]:
    from mynacard.doors import disk  # noqa: PLC0415  # a real card needs none of it
    from mynacard.opening.stand_ins import SimulatedCard  # noqa: PLC0415

    with disk.open_file(path) as card:
        yield SimulatedCard(card)
