"""The operating systems, told apart by their PC/SC, and how to ask their programs."""

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
"""Takes the absolute path of a program and its arguments; returns its output, empty where it cannot run."""


class System(StrEnum):
    """An operating system, as the maker of its PC/SC."""

    LINUX = "linux"
    """Linux, and any other system with pcsc-lite."""
    WINDOWS = "windows"
    MACOS = "macos"


def this_system() -> System:
    """The system that this program runs on."""
    return {"win32": System.WINDOWS, "darwin": System.MACOS}.get(sys.platform, System.LINUX)


def output_of(program: str, *arguments: str, time_limit_s: float = _TIME_LIMIT_S) -> str:
    """The output of *program*, an absolute path: at most 4 MiB; what came in time where it takes too long.

    It is empty where the program cannot be started. Labels may be in any language and encoding; callers look only for
    ASCII in them.
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
            output = process.stdout.read(_OUTPUT_MAX) if process.stdout else b""
        finally:
            too_long.cancel()
            process.kill()
    return output.decode("utf-8", "replace")
