"""The names of cards: a reader's name, or that of a card in memory, in a file, or in a recording."""

from __future__ import annotations

import os
from pathlib import Path
from types import NoneType
from typing import TYPE_CHECKING, Final, TypeAlias

from mynacard import errors
from mynacard._dataclasses import dataclass
from mynacard.arguments import check_type
from mynacard.texts import N_

if TYPE_CHECKING:
    from mynacard.readers import ReaderState

__all__ = [
    "REPLAYED",
    "SIMULATED",
    "AnyReader",
    "CardName",
    "FreshSimulated",
    "ReaderNamed",
    "Recorded",
    "Simulated",
    "SimulatedFile",
    "card_name",
    "choose_reader",
    "named",
]

SIMULATED: Final = "sim:"
"""Begins the name of a simulated card; on its own, it names a fresh one."""
REPLAYED: Final = "replay:"
"""Begins the name of a recorded card; the path of its recording follows."""
_PERSONA: Final = "@"
_VARIABLE: Final = "MYNACARD_READER"


@dataclass(frozen=True, slots=True)
class AnyReader:
    """The card on the one reader that holds a card."""


@dataclass(frozen=True, slots=True)
class ReaderNamed:
    """The card on the reader of this name, or on the only one with *part* in its name."""

    part: str


@dataclass(frozen=True, slots=True)
class FreshSimulated:
    """A new simulated card in memory: of the kind that *persona* names, or of the default kind."""

    persona: str | None = None


@dataclass(frozen=True, slots=True)
class SimulatedFile:
    """The simulated card in a file."""

    path: Path


@dataclass(frozen=True, slots=True)
class Recorded:
    """The card that a recording replays."""

    path: Path


Simulated: TypeAlias = FreshSimulated | SimulatedFile
CardName: TypeAlias = AnyReader | ReaderNamed | Simulated | Recorded


def card_name(name: str | None) -> CardName:
    """The card that *name* means for :func:`mynacard.open_card`; None stands for the value of ``MYNACARD_READER``."""
    text = named(name)
    if text.startswith(SIMULATED):
        return _simulated(text.removeprefix(SIMULATED))
    if text.startswith(REPLAYED):
        return Recorded(Path(text.removeprefix(REPLAYED)))
    return ReaderNamed(text) if text else AnyReader()


def _simulated(rest: str) -> Simulated:
    if rest.startswith(_PERSONA):
        return FreshSimulated(rest.removeprefix(_PERSONA))
    return SimulatedFile(Path(rest)) if rest else FreshSimulated()


def named(name: str | None) -> str:
    """*name*; if it is None, the value of ``MYNACARD_READER``.

    Raises:
        UsageError: it is neither a text nor None.
    """
    check_type(name, str, NoneType, wanted="str or None")
    return name if name is not None else os.environ.get(_VARIABLE, "")


def choose_reader(states: tuple[ReaderState, ...], name: str = "") -> str:
    """The full name of the reader that *name* means among *states*: exactly, or as a part that only one has.

    Without a name, the only reader that holds a card.

    Raises:
        NoReaderError: no reader is attached.
        ReaderNotFoundError: no reader has *name* in its name.
        NoCardError: no name was given, and no reader holds a card.
        ReaderAmbiguousError: several readers fit.
    """
    if not states:
        raise errors.NoReaderError(N_("No card reader is attached."))
    if name:
        fitting = [state.name for state in states if state.answers_to(name)]
        fitting = [name] if name in fitting else fitting
        if not fitting:
            raise errors.ReaderNotFoundError(
                N_("No reader is called {name}. Attached: {readers}."),
                name=name,
                readers=", ".join(state.name for state in states),
            )
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
