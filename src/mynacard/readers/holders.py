"""Which programs may hold the card: those on this machine that have PC/SC's library loaded.

PC/SC does not say which program it is. Nothing here touches another program, or ends one.

Source: proc(5), /proc/PID/maps. Other systems do not offer such a list to every user.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Final

__all__ = ["likely_holders"]

_PROC: Final = Path("/proc")
_LIBRARY: Final = b"libpcsclite.so"
_MAPS_MAX: Final = 1 << 22


def likely_holders(proc: Path = _PROC) -> tuple[str, ...]:
    """Names and process numbers, such as "scdaemon (4711)"; empty if the system does not list them."""
    return tuple(sorted(_holders(proc)))


def _holders(proc: Path) -> Iterator[str]:
    for folder in proc.glob("[0-9]*"):
        if folder.name == str(os.getpid()):
            continue
        try:  # it may be another user's, or end meanwhile
            with (folder / "maps").open("rb") as maps:
                if _LIBRARY not in maps.read(_MAPS_MAX):
                    continue
            yield f"{(folder / 'comm').read_text('utf-8', 'replace').strip()} ({folder.name})"
        except OSError:
            continue
