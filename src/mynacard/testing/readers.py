"""Readers under test: a PC/SC service with a card on its one reader, for this process and for programs."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Generator, Mapping
from dataclasses import field
from functools import cache
from typing import Final
from unittest import mock

from mynacard._dataclasses import dataclass
from mynacard.doors.pcsclite import Gesture, Keypad, PcscliteDoor, check_system, reader_name
from mynacard.readers import Library, finding
from mynacard.simulator.narrow import NarrowReader, Narrows
from mynacard.testing.cards import CardUnderTest
from mynacard.testing.reader_options import ReaderOptions

__all__ = ["Gesture", "Narrows", "ReaderUnderTest", "reader_with"]

_CHOICES: Final = ("MYNACARD_READER", finding.VARIABLE)
"""The variables by which a user chooses another reader or binding; they do not count while a reader is under test."""


@dataclass(frozen=True, slots=True)
class ReaderUnderTest:
    """A reader that is found where PC/SC's readers would be: by this process on every system, by programs on Linux.

    Attributes:
        name: the name that programs see.
        card: the card on it.
        door: takes the card off, resets it, unplugs the reader.
        keypad: its keypad, if it has one.
    """

    name: str
    card: CardUnderTest
    door: PcscliteDoor
    keypad: Keypad | None = field(repr=False)
    _environment: Callable[[], Mapping[str, str]] = field(repr=False)

    @property
    def environment(self) -> Mapping[str, str]:
        """For a program that is to find the reader: this process's environment, with the way to the door.

        Raises:
            UsageError: this system has no pcsc-lite, or no place for a socket.
        """
        return self._environment()


@contextlib.contextmanager
def reader_with(
    card: CardUnderTest, options: ReaderOptions = ReaderOptions(), *, check: Callable[[], None] = check_system
) -> Generator[ReaderUnderTest, None, None]:
    """A reader with *card* on it, whose faults come at the reader, while the ``with`` lasts.

    In this process it is the only reader: :func:`mynacard.open_card` without a name opens the card on it. The door for
    programs opens when their environment is first asked for.

    Args:
        card: the card.
        options: the reader.
        check: called before the door opens; it raises if programs cannot come in on this system.

    Raises:
        UsageError: an entry at the keypad is neither digits nor a gesture.
    """
    name, door = reader_name(0), PcscliteDoor()
    keypad = None if options.keypad is None else Keypad(options.keypad)
    plain = card.without_faults
    door.plug(name, plain if options.limits is None else NarrowReader(plain, options.limits), card.faults, keypad)
    with contextlib.ExitStack() as opened:

        @cache
        def environment() -> Mapping[str, str]:
            check()
            return opened.enter_context(door).environment()

        opened.enter_context(_only(opened.enter_context(door.in_process())))
        yield ReaderUnderTest(name, card, door, keypad, environment)


@contextlib.contextmanager
def _only(library: Library) -> Generator[None, None, None]:
    """*library* is what this process finds, whatever its user chose."""
    hidden = {name: os.environ.pop(name) for name in _CHOICES if name in os.environ}
    try:
        with mock.patch.object(finding, "system_library", return_value=library):
            yield
    finally:
        os.environ.update(hidden)
