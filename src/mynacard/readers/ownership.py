"""Whose a card is: one process's, and one thread's at a time.

What a session has selected and verified belongs to a sequence of commands. Two threads that mix theirs, or two
processes that own one connection after a fork, would sign and read with each other's.
"""

from __future__ import annotations

import os
from threading import get_ident

from mynacard.errors import OwnershipError
from mynacard.texts import N_

__all__ = ["Ownership"]


class Ownership:
    """Begins with the process and thread that makes it."""

    def __init__(self) -> None:
        self._process = os.getpid()
        self._thread = get_ident()

    @property
    def inherited(self) -> bool:
        """Whether this process only has a copy, by fork."""
        return os.getpid() != self._process

    def check(self) -> None:
        """That the caller is the owner.

        Raises:
            OwnershipError: it is another thread, or a forked process.
        """
        if self.inherited:
            raise OwnershipError(N_("This card was opened before a fork, and belongs to the other process."))
        if get_ident() != self._thread:
            raise OwnershipError(N_("This card belongs to another thread. One that takes it over calls adopt()."))

    def adopt(self) -> None:
        """Make the calling thread the owner. The former one must have finished with the card.

        Raises:
            OwnershipError: in a forked process.
        """
        self._thread = get_ident()
        self.check()
