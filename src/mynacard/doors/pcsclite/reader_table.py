"""The service's table of readers, and how a person changes it: plugs them in, puts cards on them, takes them away.

Source: pcsc-lite 1.9.9, src/readerfactory.c (a table of 16); 2.5.2, seen running (a table of any length).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from mynacard.doors.pcsclite.messages import ReaderState
from mynacard.doors.pcsclite.pinpad import Keypad
from mynacard.doors.pcsclite.reader import Reader
from mynacard.doors.pcsclite.scard import FIXED_ROWS, MAX_READER_NAME, MAX_READERS
from mynacard.errors import UsageError
from mynacard.simulator.faults import Fault
from mynacard.simulator.faulty import Means
from mynacard.simulator.powered import PoweredCard
from mynacard.texts import N_

__all__ = ["ReaderTable"]


class ReaderTable:
    """A table without readers.

    Its methods raise a UsageError for a name that no reader has or that is taken, for a card on a reader that has one,
    for two faults at one APDU, and for a desk that is full.

    Args:
        clock: seconds, from any start.
        power_off_after_s: how long a card keeps its power after its last client.
        changed: called after every change of the readers' table.
        means: what faults in cards' answers need from outside.
    """

    def __init__(
        self,
        clock: Callable[[], float],
        power_off_after_s: float,
        changed: Callable[[], None] = lambda: None,
        means: Means = Means(),
    ) -> None:
        self._clock = clock
        self._power_off_after_s = power_off_after_s
        self._changed = changed
        self._means = means
        self._slots: list[Reader | None] = []  # a reader keeps its slot for as long as it is plugged in
        self.events = 0
        """How often a reader came or went."""

    def __iter__(self) -> Iterator[Reader]:
        return (reader for reader in self._slots if reader is not None)

    def find(self, name: str) -> Reader:
        """The reader called *name*."""
        for reader in self:
            if reader.name == name:
                return reader
        raise UsageError(N_("No reader on this desk is called {name}."), name=name)

    def plug(
        self,
        name: str,
        card: PoweredCard | None = None,
        faults: Iterable[Fault] = (),
        keypad: Keypad | None = None,
    ) -> None:
        """A new reader called *name*, with *card* on it and *keypad* at it if there are any, and with *faults*."""
        if not 0 < len(name.encode()) <= MAX_READER_NAME or "\0" in name:
            raise UsageError(N_("A reader's name has 1 to {most} bytes."), most=MAX_READER_NAME)
        if any(reader.name == name for reader in self):
            raise UsageError(N_("Two readers on a desk cannot both be called {name}."), name=name)
        if len(list(self)) >= MAX_READERS:
            raise UsageError(N_("A desk has room for at most {most} readers."), most=MAX_READERS)
        reader = Reader(name, self._clock, self._power_off_after_s, self._means)
        reader.arm(faults)
        reader.keypad = keypad
        if card is not None:
            reader.insert(card)
        if None not in self._slots:
            self._slots.append(None)
        self._slots[self._slots.index(None)] = reader
        self._count_event()

    def unplug(self, name: str) -> PoweredCard | None:
        """Take the reader away; return the card that was on it."""
        reader = self.find(name)
        card = reader.remove()
        reader.plugged = False
        self._slots[self._slots.index(reader)] = None
        self._count_event()
        return card

    def insert(self, name: str, card: PoweredCard) -> None:
        """Put *card* on the reader, which must be empty."""
        reader = self.find(name)
        if reader.contacts.card is not None:
            raise UsageError(N_("There is a card on the reader {name} already."), name=name)
        reader.insert(card)
        self._changed()

    def remove(self, name: str) -> PoweredCard | None:
        """Take the card off the reader, and return it; None if there is none."""
        card = self.find(name).remove()
        self._changed()
        return card

    def reset(self, name: str) -> None:
        """Reset the card on the reader, warm and from outside: no client asked for it."""
        self.find(name).foreign_reset()
        self._changed()

    def arm(self, name: str, faults: Iterable[Fault]) -> None:
        """Replace the reader's faults by *faults*; its APDUs are counted from 1 again."""
        self.find(name).arm(faults)

    def rows(self) -> list[ReaderState | None]:
        """The readers' table. It never becomes shorter: the library 2.5.2 refuses a table that did."""
        return [None if reader is None else reader.state for reader in self._slots]

    def fixed_rows(self) -> list[ReaderState | None]:
        """The readers' table for clients of protocol 4:5 and older, which know no further readers."""
        rows = self.rows()[:FIXED_ROWS]
        return rows + [None] * (FIXED_ROWS - len(rows))

    @property
    def deadline(self) -> float | None:
        """When :meth:`tick` has something to do."""
        return min([reader.power_off_at for reader in self if reader.power_off_at is not None], default=None)

    def tick(self) -> None:
        """Do what is due: power off unused cards."""
        for reader in self:
            reader.power_off_if_due()

    def _count_event(self) -> None:
        self.events += 1
        self._changed()
