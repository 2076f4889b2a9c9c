"""Which door a holder is asked at."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Final

from mynacard.consent.exclusive import Exclusive, lock_file
from mynacard.consent.request import Answer, Asker, ConsentRequest, Door, Notice, Refusal
from mynacard.consent.scripted import ScriptedDoor
from mynacard.errors import UsageError
from mynacard.texts import N_, printable

__all__ = ["NoDoor", "open_door"]

SCRIPT: Final = "script:"


class NoDoor:
    """There is nothing to ask at."""

    def ask(self, _request: ConsentRequest, /) -> Answer:
        return Refusal.NO_DOOR

    def tell(self, _asker: Asker, _notice: Notice, /, *, seconds: float, settled: Callable[[], bool]) -> Refusal | None:
        return Refusal.NO_DOOR

    def close(self) -> None:
        pass


def open_door(setting: str = "", *, language: str = "") -> Door:
    """A door for one dialog. Nothing is shown yet; where there is nothing to ask at, it refuses everything.

    Args:
        setting: which door: empty for the best that there is; ``keypad``, ``pinentry`` or ``window`` for only that one;
            ``script:PATH`` for one that answers from a file (:mod:`mynacard.consent.scripted`).
        language: of the texts; empty for that of the environment.

    Raises:
        UsageError: *setting* is none of these, or the file is not a list of answers.
        OSError: the file cannot be read.
    """
    if setting.startswith(SCRIPT):  # its lock is its own: tests run beside a holder's dialogs, and beside each other
        script = Path(setting.removeprefix(SCRIPT))
        return Exclusive(ScriptedDoor(script), lambda: script.with_name(script.name + ".lock"))
    if setting not in {"", "keypad", "pinentry", "window"}:
        raise UsageError(N_("{setting} is not a way to ask for a PIN."), setting=printable(setting))
    return Exclusive(NoDoor(), lock_file)
