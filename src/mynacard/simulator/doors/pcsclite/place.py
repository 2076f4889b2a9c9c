"""Where the socket lies, and who may come to it: nobody but the user who opened the door.

Source: unix(7), for the length of a path and for SO_PEERCRED.
"""

from __future__ import annotations

import contextlib
import os
import socket
import struct
import tempfile
from collections.abc import Generator
from pathlib import Path
from typing import Final

from mynacard.errors import UsageError, mark

__all__ = ["Peer", "check_system", "peer_of", "socket_path"]

_PATH_MAX: Final = 107
"""Bytes of a socket's path, without the zero behind it."""
_SO_PEERCRED: Final = getattr(socket, "SO_PEERCRED", None)
_CREDENTIALS: Final = struct.Struct("=iII")

Peer = tuple[int, int]
"""A process and its user, as numbers."""


def check_system() -> None:
    """That this system has what the door is made of.

    Raises:
        UsageError: it has not.
    """
    if not hasattr(socket, "AF_UNIX") or _SO_PEERCRED is None:
        raise UsageError(
            mark("Programs reach simulated cards through PC/SC on Linux alone: other systems have no pcsc-lite.")
        )


def peer_of(connection: socket.socket) -> Peer:
    """Who is at the other end of *connection*."""
    check_system()
    option = connection.getsockopt(socket.SOL_SOCKET, _SO_PEERCRED or 0, _CREDENTIALS.size)
    process, user, _group = _CREDENTIALS.unpack(option)
    return process, user


@contextlib.contextmanager
def socket_path() -> Generator[Path, None, None]:
    """A path for a socket, in a new folder that nobody else can look into; both are gone afterwards.

    Raises:
        UsageError: the system has no place for it.
    """
    for parent in (os.environ.get("XDG_RUNTIME_DIR", ""), tempfile.gettempdir(), "/tmp"):
        folder = _folder_in(parent)
        if folder is not None:
            break
    else:
        raise UsageError(
            mark("There is no folder for a socket: all that could be are missing, or their names too long.")
        )
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
