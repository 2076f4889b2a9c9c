"""What a card is called: a reader's name, or that of a card in memory, in a file, or recorded."""

from __future__ import annotations

import os
from typing import Final

from mynacard import errors
from mynacard.readers import ReaderState
from mynacard.texts import N_

__all__ = ["PERSONA", "READER_VARIABLE", "REPLAYED", "SIMULATED", "choose_reader", "named"]

SIMULATED: Final = "sim:"
"""Names a simulated card: alone a fresh one, before a path the one in that file."""
PERSONA: Final = "@"
"""Names after it the persona of a fresh simulated card, where a path would stand."""
REPLAYED: Final = "replay:"
"""Names a recorded card, before the path of its recording."""
READER_VARIABLE: Final = "MYNACARD_READER"


def choose_reader(states: tuple[ReaderState, ...], name: str = "") -> str:
    """The full name of the reader that *name* means among *states*: exactly, or as a part that only one has.

    Without a name: the one that holds a card.
    """
    if not states:
        raise errors.NoReaderError(N_("No card reader is attached."))
    if name:
        fitting = [state.name for state in states if state.answers_to(name)]
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


def named(name: str | None) -> str:
    """*name*, or what ``MYNACARD_READER`` says where there is none."""
    return name if name is not None else os.environ.get(READER_VARIABLE, "")
