"""The owner of a card: one process, and one thread at a time.

Selecting and verifying belong to a sequence of commands. Two threads that mix their commands, or two processes that
share one connection after a fork, would read and sign with what the other has selected and verified.
"""

from __future__ import annotations

import os
from threading import get_ident

from mynacard.errors import OwnershipError
from mynacard.texts import N_

__all__ = ["Ownership"]


class Ownership:
    """The process and thread that own a card; at first those that create this object."""

    def __init__(self) -> None:
        self._process = os.getpid()
        self._thread = get_ident()

    @property
    def inherited(self) -> bool:
        """Whether this process has only a copy, from a fork."""
        return os.getpid() != self._process

    def check(self) -> None:
        """Check that the caller is the owner.

        Raises:
            OwnershipError: the caller is another thread, or a forked process.
        """
        if self.inherited:
            raise OwnershipError(N_("This card was opened before a fork, and belongs to the other process."))
        if get_ident() != self._thread:
            raise OwnershipError(N_("This card belongs to another thread. A thread that takes it over calls adopt()."))

    def adopt(self) -> None:
        """Make the calling thread the owner. The former one must have finished with the card.

        Raises:
            OwnershipError: the caller is a forked process.
        """
        self._thread = get_ident()
        self.check()
