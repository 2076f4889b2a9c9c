"""What is typed before a prompt appears: the terminal does not show it, and the prompt does not take it.

The prompt itself discards it (getpass sets the terminal with TCSAFLUSH). Not on Windows, where a terminal shows what is
typed only once a program reads it.

Source: POSIX.1-2024, termios.h (ECHO, TCSAFLUSH).
"""

from __future__ import annotations

import sys
from functools import partial
from typing import Final

import click

__all__ = ["keep_quiet"]

_LOCAL_MODES: Final = 3
"""The place of the local modes in what ``tcgetattr`` returns."""


def keep_quiet(terminal: int) -> None:
    """Turn the echo of *terminal*, a file descriptor, off until the command ends: a PIN will be asked for."""
    if sys.platform == "win32":
        return
    import termios

    context = click.get_current_context()
    before = termios.tcgetattr(terminal)
    quiet = termios.tcgetattr(terminal)
    quiet[_LOCAL_MODES] &= ~termios.ECHO
    termios.tcsetattr(terminal, termios.TCSADRAIN, quiet)
    context.call_on_close(partial(termios.tcsetattr, terminal, termios.TCSADRAIN, before))
