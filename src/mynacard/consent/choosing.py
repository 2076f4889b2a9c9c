"""Which door a holder is asked at."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Final

from mynacard._dataclasses import dataclass
from mynacard.consent import pinentry, window
from mynacard.consent.dialog import DialogDoor, OpenDialog
from mynacard.consent.exclusive import Exclusive
from mynacard.consent.request import Answer, Asker, ConsentRequest, Door, Notice, Refusal
from mynacard.consent.scripted import ScriptedDoor
from mynacard.consent.ways import KEYPAD, NAMED, PINENTRY, SCRIPT, WINDOW
from mynacard.errors import UsageError
from mynacard.texts import N_, catalogue, language_of, printable

__all__ = ["Desk", "NoDoor", "OnlyKeypad", "chosen", "open_door"]

PINENTRIES: Final = tuple(f"pinentry-{kind}" for kind in ("gnome3", "gtk-2", "qt", "qt6", "qt5", "mac", "w32"))
"""Those that show windows. The one that is only named ``pinentry`` may be any."""


class NoDoor:
    """There is nothing to ask at."""

    def ask(self, _request: ConsentRequest, /) -> Answer:
        return Refusal.NO_DOOR

    def tell(self, _asker: Asker, _notice: Notice, /, *, seconds: float, settled: Callable[[], bool]) -> Refusal | None:
        return Refusal.NO_DOOR

    def close(self) -> None:
        pass


class OnlyKeypad:
    """*door*, at which no PIN is typed into this computer."""

    def __init__(self, door: Door) -> None:
        self._door = door

    def ask(self, request: ConsentRequest, /) -> Answer:
        return Refusal.NO_DOOR if request.keypad is None else self._door.ask(request)

    def tell(self, asker: Asker, notice: Notice, /, *, seconds: float, settled: Callable[[], bool]) -> Refusal | None:
        return self._door.tell(asker, notice, seconds=seconds, settled=settled)

    def close(self) -> None:
        self._door.close()


@dataclass(frozen=True, slots=True)
class Desk:
    """What there is to ask at.

    Attributes:
        display: whether windows can be shown.
        pinentry: the path of a pinentry that shows windows; empty if there is none.
        curses: the path of one for terminals.
        terminal: the device of the terminal that this program was started at; empty if there is none.
        tkinter: whether windows can be shown by this Python.
    """

    display: bool = False
    pinentry: str = ""
    curses: str = ""
    terminal: str = ""
    tkinter: bool = False

    @classmethod
    def here(cls) -> Desk:
        """The one at which this program runs."""
        always = sys.platform in {"darwin", "win32"}
        return cls(
            display=always or any(map(os.environ.get, ("DISPLAY", "WAYLAND_DISPLAY"))),
            pinentry=next((path for path in map(_path_of, PINENTRIES) if path), ""),
            curses=_path_of("pinentry-curses"),
            terminal=_terminal(),
            tkinter=window.is_there() and (always or bool(os.environ.get("DISPLAY"))),
        )


def open_door(setting: str = "", *, language: str = "") -> Door:
    """A door for one dialog. Nothing is shown yet; where there is nothing to ask at, it refuses everything.

    Args:
        setting: which door: empty for the best that there is; ``pinentry`` or ``window`` (tkinter) for only that one;
            ``keypad`` for the best, where nothing is typed but at the reader; ``script:PATH`` for one that answers
            from a file (:mod:`mynacard.consent.scripted`).
        language: of the texts; empty for that of the environment.

    Raises:
        UsageError: *setting* is another text, or the file is not a list of answers.
        OSError: the file cannot be read.
    """
    if setting.startswith(SCRIPT):  # its lock is its own: tests run beside a holder's dialogs, and beside each other
        script = Path(setting.removeprefix(SCRIPT))
        return Exclusive(ScriptedDoor(script), lambda: script.with_name(script.name + ".lock"))
    if setting and setting not in NAMED:
        raise UsageError(N_("{setting} is not a way to ask for a PIN."), setting=printable(setting))
    language = language or language_of(os.environ)
    dialogs = chosen(setting, Desk.here(), language)
    if dialogs is None:
        return NoDoor()
    door = DialogDoor(dialogs, catalogue(language).gettext)
    return Exclusive(OnlyKeypad(door) if setting == KEYPAD else door)


def chosen(setting: str, desk: Desk, language: str) -> OpenDialog | None:
    """What shows dialogs at *desk*; None if nothing can."""
    if setting != WINDOW and desk.display and desk.pinentry:
        return pinentry.opener(desk.pinentry, language)
    if setting != PINENTRY and desk.display and desk.tkinter:
        return window.opener()
    if setting != WINDOW and desk.terminal and desk.curses:
        return pinentry.opener(desk.curses, language, desk.terminal)
    return None


def _path_of(program: str) -> str:
    """Where *program* is; empty if it is not installed. Windows looks in the current folder too, which is not meant."""
    path = shutil.which(program) or ""
    return path if Path(path).is_absolute() else ""


def _terminal() -> str:
    try:
        return os.ttyname(0) if hasattr(os, "ttyname") and os.isatty(2) else ""
    except OSError:
        return ""
