"""One door to every card: on a reader, in a file, or in memory."""

from __future__ import annotations

import contextlib
import logging
import os
from collections.abc import Callable, Generator
from pathlib import Path
from typing import TYPE_CHECKING, Final

from mynacard import errors
from mynacard.apdu.channel import Channel
from mynacard.apdu.commands import LOG_OUT, encode
from mynacard.apdu.message import Card
from mynacard.errors import mark

if TYPE_CHECKING:
    from mynacard.readers.pcsc import ReaderState
    from mynacard.simulator.card import SimulatedCard

__all__ = ["SIMULATED", "choose_reader", "open_card"]

_log = logging.getLogger(__name__)

SIMULATED: Final = "sim:"
"""Names a simulated card: alone a fresh one, before a path the one in that file."""
READER_VARIABLE: Final = "MYNACARD_READER"


@contextlib.contextmanager
def open_card(
    name: str | None = None, *, around: Callable[[Card], Card] = lambda card: card
) -> Generator[Channel, None, None]:
    """A channel to the card that *name* means; on every way out logged out, and powered off once a PIN was shown.

    On a reader: one shared connection and one transaction around everything, so that no other program comes between.

    Args:
        name: a reader's name or a part that only one has; ``sim:`` for a fresh simulated card, ``sim:PATH`` for the one
            in a file; None for what ``MYNACARD_READER`` says, else the one reader that holds a card.
        around: a card to put around the card (a trace, a recording).

    Raises:
        ReaderError: no library, service, reader or card; a name that fits none or several; a card that is lost.
        CardFileError: the file of a simulated card is damaged or in use.
    """
    name = _named(name)
    opened = _simulated(name.removeprefix(SIMULATED)) if name.startswith(SIMULATED) else _on_reader(name)
    with opened as card:
        yield Channel(around(card))


def choose_reader(states: tuple[ReaderState, ...], name: str = "") -> str:
    """The full name of the reader that *name* means among *states*: exactly, or as a part that only one has.

    Without a name: the one that holds a card.
    """
    if not states:
        raise errors.NoReaderError(mark("No card reader is attached."))
    if name:
        fitting = [state.name for state in states if name.casefold() in state.name.casefold()]
        fitting = [name] if name in fitting else fitting
        if not fitting:
            raise errors.ReaderNotFoundError(
                mark("No reader is called {name}. Attached: {readers}."),
                name=name, readers=", ".join(state.name for state in states),
            )  # fmt: skip
    else:
        fitting = [state.name for state in states if state.card_present]
        if not fitting:
            raise errors.NoCardError(
                mark("No card lies on a reader ({reader})."), reader=", ".join(state.name for state in states)
            )
    if len(fitting) > 1:
        raise errors.ReaderAmbiguousError(
            mark("Several readers fit; choose one with --reader or MYNACARD_READER: {readers}."), readers=tuple(fitting)
        )
    return fitting[0]


def _named(name: str | None) -> str:
    return name if name is not None else os.environ.get(READER_VARIABLE, "")


@contextlib.contextmanager
def _on_reader(name: str) -> Generator[Card, None, None]:
    from mynacard.readers import pcsc  # noqa: PLC0415  # a simulated card needs none of it

    with pcsc.ReaderCard(choose_reader(pcsc.list_readers(), name)) as card:
        yield card


@contextlib.contextmanager
def _simulated(path: str) -> Generator[Card, None, None]:
    from mynacard.simulator.doors import disk  # noqa: PLC0415  # a real card needs none of it

    with disk.open_file(Path(path)) if path else contextlib.nullcontext(disk.new_card()) as card:
        try:
            yield card
        finally:
            _leave(card)


def _leave(card: SimulatedCard) -> None:
    """As on a reader: log out, then power off."""
    card.transmit(bytes(encode(LOG_OUT)))
    card.power_off()
