"""What the library logs, on standard error: warnings always, the rest under ``--verbose``."""

from __future__ import annotations

import logging
import sys
from typing import Final

from mynacard.cli.language import _
from mynacard.texts import Translatable, printable

__all__ = ["show_everything", "show_warnings"]

_OURS: Final = "mynacard"
"""Not the root: what other libraries log is not for people at a terminal."""


class _Printable(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        """*record*, with nothing that a terminal obeys: names of readers, cards and certificates are in it."""
        record.args = tuple(map(_in_words, record.args)) if isinstance(record.args, tuple) else record.args
        return "\n".join(map(printable, super().format(record).split("\n")))


def _in_words(argument: object) -> object:
    return argument.text(_) if isinstance(argument, Translatable) else argument


def show_warnings(program: str) -> None:
    """Show what the library warns of, as sentences of *program*."""
    _show(logging.WARNING, f"{program}: %(message)s")


def show_everything() -> None:
    """Show whatever the library logs, with the name of the module that logs it, in place of :func:`show_warnings`."""
    _show(logging.DEBUG, "%(name)s: %(message)s")


def _show(level: int, form: str) -> None:
    shown = logging.StreamHandler(sys.stderr)
    shown.setFormatter(_Printable(form))
    ours = logging.getLogger(_OURS)
    ours.handlers[:] = [shown]
    ours.setLevel(level)
