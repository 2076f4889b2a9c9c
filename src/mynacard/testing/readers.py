"""Readers for programs under test: a PC/SC service of their own, with a card on its one reader."""

from __future__ import annotations

import contextlib
from collections.abc import Generator, Mapping
from dataclasses import dataclass, field

from mynacard.doors.pcsclite import PcscliteDoor, reader_name
from mynacard.testing.cards import CardUnderTest

__all__ = ["ReaderUnderTest", "reader_with"]


@dataclass(frozen=True, slots=True)
class ReaderUnderTest:
    """A reader that other programs find where PC/SC's readers would be (Linux).

    Attributes:
        name: the name that programs see.
        environment: for the program: this process's, with the way to the door.
        card: the card on it.
        door: takes the card off, resets it, unplugs the reader.
    """

    name: str
    environment: Mapping[str, str] = field(repr=False)
    card: CardUnderTest
    door: PcscliteDoor


@contextlib.contextmanager
def reader_with(card: CardUnderTest) -> Generator[ReaderUnderTest, None, None]:
    """A reader with *card* on it, whose faults come at the reader.

    Raises:
        UsageError: there is no pcsc-lite here.
    """
    name = reader_name(0)
    with PcscliteDoor() as door:
        door.plug(name, card.without_faults, card.faults)
        yield ReaderUnderTest(name, door.environment(), card, door)
