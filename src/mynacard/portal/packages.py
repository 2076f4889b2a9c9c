"""The files of a receiver: packages that come in, and those that are kept.

Each file has a random name, which begins with that of the process that made it. A process holds a lock as long as it
runs, so another one that starts can tell what a crash has left from what is still coming in.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Callable, Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from filelock import Timeout

from mynacard import storage

__all__ = ["Packages"]

_INCOMING, _KEPT, _RUNNING = "incoming", "packages", "running"
_PROCESS: Final = re.compile(r"([0-9a-f]{16})\.lock")
_FILE: Final = re.compile(r"([0-9a-f]{16})-[0-9a-f]{16}\.zip")


class Packages:
    """The packages in the folder of a store. Any thread may call."""

    def __init__(self, folder: Path, is_accepted: Callable[[str], bool]) -> None:
        """Remove what crashes have left in *folder*, and hold this process's lock.

        Only one process at a time may do this.

        Args:
            folder: the store's.
            is_accepted: whether the kept file of this name was accepted.
        """
        self._incoming, self._kept, self._running = (_private(folder / name) for name in (_INCOMING, _KEPT, _RUNNING))
        self._is_accepted = is_accepted
        self._sweep()
        self._process = secrets.token_hex(8)
        self._lock_file = self._running / f"{self._process}.lock"
        self._lock = storage.lock(self._lock_file, 0, any_thread=True)
        self._lock.acquire()

    def close(self) -> None:
        """Let go of this process's lock."""
        self._lock.release()
        self._lock_file.unlink(missing_ok=True)

    @contextmanager
    def receiving(self) -> Generator[Path]:
        """The path for a package while it comes in; unless :meth:`keeping` moves the file, it is removed afterwards."""
        path = self._incoming / self._new_name()
        try:
            yield path
        finally:
            path.unlink(missing_ok=True)

    @contextmanager
    def keeping(self, received: Path) -> Generator[str]:
        """Keep a received package under a new name; if an error comes before it is accepted, remove this file again."""
        name = self._new_name()
        kept = self._kept / name
        try:
            storage.move(received, kept)
            yield name
        except BaseException:
            if not self._is_accepted(name):
                kept.unlink(missing_ok=True)
            raise

    def _new_name(self) -> str:
        return f"{self._process}-{secrets.token_hex(8)}.zip"

    def _sweep(self) -> None:
        locks = ((path, _PROCESS.fullmatch(path.name)) for path in self._running.iterdir())
        running = {match[1] for path, match in locks if match is not None and _held(path)}
        for path in (*self._incoming.iterdir(), *self._kept.iterdir()):
            match = _FILE.fullmatch(path.name)
            if match is not None and match[1] not in running and not self._is_accepted(path.name):
                path.unlink(missing_ok=True)


def _private(folder: Path) -> Path:
    storage.private_folder(folder).chmod(0o700)
    return folder


def _held(lock_file: Path) -> bool:
    """Whether a living process holds this lock; if none does, the file is removed."""
    try:
        with storage.lock(lock_file, 0):
            pass
    except Timeout:
        return True
    lock_file.unlink(missing_ok=True)
    return False
