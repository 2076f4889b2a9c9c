"""Whose PC/SC it is, and how a program of the system is asked."""

from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import Callable
from enum import StrEnum
from typing import Final, TypeAlias

__all__ = ["Run", "System", "output_of", "this_system"]

_TIME_LIMIT_S: Final = 15.0
_OUTPUT_MAX: Final = 1 << 22

Run: TypeAlias = Callable[..., str]
"""Takes the absolute path of a program and its arguments; what the program says, or nothing."""


class System(StrEnum):
    """Whose PC/SC it is."""

    LINUX = "linux"
    """And whatever else has pcsc-lite."""
    WINDOWS = "windows"
    MACOS = "macos"


def this_system() -> System:
    """The one that this program runs on."""
    return {"win32": System.WINDOWS, "darwin": System.MACOS}.get(sys.platform, System.LINUX)


def output_of(program: str, *arguments: str, time_limit_s: float = _TIME_LIMIT_S) -> str:
    """What *program*, an absolute path, says: 4 MiB of it at most; what it said so far where it takes too long.

    Empty where it is not there. Labels may be in any language and encoding; what is looked for in them is ASCII.
    """
    try:
        process = subprocess.Popen(
            [program, *arguments], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
        )
    except OSError:
        return ""
    with process:
        too_long = threading.Timer(time_limit_s, process.kill)
        too_long.start()
        try:
            said = process.stdout.read(_OUTPUT_MAX) if process.stdout else b""
        finally:
            too_long.cancel()
            process.kill()
    return said.decode("utf-8", "replace")
