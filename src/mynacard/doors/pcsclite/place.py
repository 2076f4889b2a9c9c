"""Where the socket lies, and who may use it: only the user who opened the door.

Source: unix(7), for the length of a path and for SO_PEERCRED.
"""

from __future__ import annotations

import contextlib
import os
import socket
import struct
import sys
import tempfile
from collections.abc import Generator
from pathlib import Path
from typing import Final

from mynacard.errors import UsageError
from mynacard.texts import N_

__all__ = ["Peer", "check_system", "listen", "may_come", "peer_of", "socket_path"]

_PATH_MAX: Final = 107
"""Bytes of a socket's path, without the zero behind it."""
_CREDENTIALS: Final = struct.Struct("=iII")

Peer = tuple[int, int]
"""A process and its user, as numbers."""


def check_system() -> None:
    """Check that a door can be opened on this system.

    Raises:
        UsageError: it is not Linux.
    """
    if sys.platform != "linux":
        raise _elsewhere()


def _elsewhere() -> UsageError:
    return UsageError(N_("Other programs can reach simulated cards only on Linux, where PC/SC can be replaced."))


def listen(path: Path, clients: int) -> socket.socket:
    """A socket at *path* that only its owner may use; *clients* is how many may be waiting to connect.

    Raises:
        UsageError: as :func:`check_system`.
        OSError: it cannot be made there.
    """
    if sys.platform == "linux":
        listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        listener.bind(os.fsencode(path))
        path.chmod(0o600)
        listener.listen(clients)
        return listener
    raise _elsewhere()


def peer_of(connection: socket.socket) -> Peer:
    """The process and user at the other end of *connection*.

    Raises:
        UsageError: as :func:`check_system`.
    """
    if sys.platform == "linux":
        option = connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _CREDENTIALS.size)
        process, user, _group = _CREDENTIALS.unpack(option)
        return process, user
    raise _elsewhere()


def may_come(user: int) -> bool:
    """Whether *user* is the one who opened the door."""
    return sys.platform == "linux" and user == os.geteuid()


@contextlib.contextmanager
def socket_path() -> Generator[Path, None, None]:
    """A path for a socket, in a new folder that other users cannot enter; both are removed afterwards.

    Raises:
        UsageError: the system has no place for it.
    """
    for parent in (os.environ.get("XDG_RUNTIME_DIR", ""), tempfile.gettempdir(), "/tmp"):
        folder = _folder_in(parent)
        if folder is not None:
            break
    else:
        raise UsageError(N_("There is no folder for a socket: every candidate is missing or has too long a name."))
    try:
        yield folder / "pcscd.comm"
    finally:
        with contextlib.suppress(OSError):
            (folder / "pcscd.comm").unlink(missing_ok=True)
            folder.rmdir()


def _folder_in(parent: str) -> Path | None:
    try:
        folder = Path(tempfile.mkdtemp(prefix="mynacard-", dir=parent)) if parent else None
    except OSError:
        return None
    if folder is None or len(os.fsencode(folder / "pcscd.comm")) <= _PATH_MAX:
        return folder
    folder.rmdir()
    return None
