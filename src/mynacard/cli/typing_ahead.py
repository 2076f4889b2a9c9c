"""What is typed before a prompt appears: the terminal does not show it, and the prompt does not take it.

The prompt itself discards it (getpass sets the terminal with TCSAFLUSH). Not on Windows, where a terminal shows what is
typed only once a program reads it.

Sources: POSIX.1-2024, termios.h (ECHO, TCSAFLUSH), and §11.1.4: a background process that sets a terminal is stopped.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from functools import partial
from typing import Final

import click

__all__ = ["ASKING", "keep_quiet", "keep_quiet_early"]

ASKING: Final = frozenset({
    "apply attach", "apply resume", "apply sign", "apply status", "apply submit", "apply withdraw", "authenticate",
    "bench", "cert export", "cert show", "personal age", "personal attributes", "personal face", "personal number",
    "personal photo", "pin change", "pin verify", "register", "residence read", "residence verify", "sign",
})  # fmt: skip
"""The commands that ask for a secret, unless an option says where it is."""
_ELSEWHERE: Final = ("--pin-f", "--number-f", "--keypad", "--untested-keypad", "--help")

_LOCAL_MODES: Final = 3
"""The place of the local modes in what ``tcgetattr`` returns."""


def keep_quiet_early(words: Sequence[str]) -> None:
    """Do so before the command in *words* is loaded, which takes longer than anything else here, if it will ask."""
    asks = " ".join(words[:1]) in ASKING or " ".join(words[:2]) in ASKING
    if asks and not any(word.startswith(_ELSEWHERE) for word in words) and sys.stdin is not None and sys.stdin.isatty():
        keep_quiet(sys.stdin.fileno())


def keep_quiet(terminal: int) -> None:
    """Turn the echo of *terminal*, a file descriptor, off until the command ends: a PIN will be asked for."""
    if sys.platform == "win32" or _in_background(terminal):
        return
    import termios

    context = click.get_current_context()
    before = termios.tcgetattr(terminal)
    quiet = termios.tcgetattr(terminal)
    quiet[_LOCAL_MODES] &= ~termios.ECHO
    termios.tcsetattr(terminal, termios.TCSADRAIN, quiet)
    context.call_on_close(partial(termios.tcsetattr, terminal, termios.TCSADRAIN, before))


def _in_background(terminal: int) -> bool:
    if sys.platform == "win32":
        return False
    try:
        return os.tcgetpgrp(terminal) != os.getpgrp()
    except OSError:  # not the terminal that controls this process
        return False
