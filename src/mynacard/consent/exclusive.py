"""One dialog at a time, in all processes of a user: two windows that ask for a PIN could be mistaken for each other."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from pathlib import Path

from filelock import FileLock, Timeout

from mynacard.consent.request import Answer, Asker, ConsentRequest, Door, Notice, Refusal
from mynacard.storage import lock, private_folder

__all__ = ["Exclusive", "lock_file"]

_log = logging.getLogger(__name__)


def lock_file() -> Path:
    """The file that all dialogs of this user lock."""
    from platformdirs import user_state_path  # noqa: PLC0415  # only who asks waits for it

    return user_state_path("mynacard", appauthor=False) / "dialog.lock"


class Exclusive:
    """*door*, while no other dialog is open: from its first question until it is closed, or its process ends.

    The system lets go of the lock of a process that was killed.

    Args:
        door: the door to use.
        path: returns the file to lock; its folder is made.
    """

    def __init__(self, door: Door, path: Callable[[], Path] = lock_file) -> None:
        self._door = door
        self._path = path
        self._guard = threading.Lock()
        self._closed = False
        self._lock: FileLock | None = None

    def ask(self, request: ConsentRequest, /) -> Answer:
        return self._refusal() or self._door.ask(request)

    def tell(self, asker: Asker, notice: Notice, /, *, seconds: float, settled: Callable[[], bool]) -> Refusal | None:
        return self._refusal() or self._door.tell(asker, notice, seconds=seconds, settled=settled)

    def close(self) -> None:
        self._door.close()
        with self._guard:
            self._closed = True
            if self._lock is not None:
                self._lock.release()
                self._lock = None

    def _refusal(self) -> Refusal | None:
        """Why a dialog cannot be shown; None if this door has the lock now."""
        with self._guard:
            if self._closed:
                return Refusal.CLOSED
            if self._lock is not None:
                return None
            try:
                self._lock = self._locked()
            except Timeout:
                return Refusal.BUSY
            except (OSError, RuntimeError) as error:  # RuntimeError: platformdirs 4.14, where there is no home
                _log.warning("no dialog: its lock cannot be used (%s)", type(error).__name__)
                return Refusal.NO_DOOR
            return None

    def _locked(self) -> FileLock:
        path = self._path()
        private_folder(path.parent)
        held = lock(path, 0, any_thread=True)
        held.acquire()
        return held
