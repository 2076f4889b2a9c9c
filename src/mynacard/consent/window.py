"""Dialogs with tkinter, which most Pythons bring along; each in a process of its own."""

from __future__ import annotations

import json
import sys
from dataclasses import asdict
from importlib.resources import files
from importlib.util import find_spec
from typing import Final

from mynacard.consent.child import Child
from mynacard.consent.dialog import Agreed, Dialog, OpenDialog, Reply
from mynacard.consent.request import Refusal
from mynacard.consent.words import View
from mynacard.pin import Pin

__all__ = ["WindowDialog", "is_there", "opener"]

_PROGRAM: Final = files(__package__ or "mynacard.consent").joinpath("window_program.py")
"""What the child runs, which it is told by its pipe: in a zip there is no file to start."""
_SPARE_S: Final = 1.0
"""How much earlier than the request a dialog ends by itself."""
_TYPED: Final = b"pin "
_REPLIES: Final[dict[bytes, Reply]] = {
    b"agreed": Agreed.AGREED,
    b"cancelled": Refusal.CANCELLED,
    b"timed-out": Refusal.TIMED_OUT,
    b"no-door": Refusal.NO_DOOR,
}


def is_there() -> bool:
    """Whether this Python has tkinter; a display is another question."""
    return find_spec("_tkinter") is not None


def opener(python: str = sys.executable) -> OpenDialog:
    """Shows dialogs by the program *python*."""

    def open_dialog(view: View, seconds: float) -> Dialog:
        program = _PROGRAM.read_bytes()
        child = Child([python, "-I", "-c", f"import sys; exec(sys.stdin.buffer.read({len(program)}))"])
        shown = asdict(view) | {"kind": view.kind.value, "seconds": max(seconds - _SPARE_S, seconds / 2)}
        child.send(program + json.dumps(shown).encode() + b"\n")
        return WindowDialog(child)

    return open_dialog


class WindowDialog:
    """A dialog that *child*, our own program, shows."""

    def __init__(self, child: Child) -> None:
        self._child = child

    def reply(self, timeout_s: float) -> Reply | None:
        line = self._child.line(timeout_s)
        if not isinstance(line, Pin):
            return line
        if line.reveal().startswith(_TYPED):
            return Pin(line.reveal().removeprefix(_TYPED))
        return _REPLIES.get(line.reveal(), Refusal.CLOSED)

    def close(self) -> None:
        self._child.kill()
