"""The program that shows one dialog with tkinter, in a process of its own: a window that hangs can be killed.

It reads one request, a line of JSON, and writes one line: ``pin`` and what was typed, ``agreed``, ``cancelled``,
``timed-out``, or ``no-door`` where there is no display. It imports nothing of mynacard, opens nothing else, and ends
when the other end of its pipes does.
"""

from __future__ import annotations

import json
import os
import re
import sys
import threading
import time
from typing import TYPE_CHECKING, Any, Final, NoReturn, TypedDict

if TYPE_CHECKING:
    import tkinter

__all__ = ["main"]

_WRAP: Final = 520
_POINTS: Final = 11
_ALERT: Final = "#b00020"
_FAINT: Final = "#555555"
_REST_MS: Final = 700
"""How long a button that agrees rests at first: a holder who is typing elsewhere has not read anything yet."""
_TICK_MS: Final = 250
_TYPED_MAX: Final = 64


class _View(TypedDict):
    """What is shown: :class:`mynacard.consent.words.View` and how long."""

    kind: str
    lead: str
    heading: str
    ascii: str
    alerts: list[str]
    lines: list[str]
    prompt: str
    agree: str
    cancel: str
    ends: str
    form: str
    capitals: bool
    seconds: float


def main() -> None:
    """Show the dialog that standard input asks for, and say how it ended."""
    view: _View = json.loads(sys.stdin.buffer.readline())
    threading.Thread(target=_end_with_parent, daemon=True).start()
    _Window(_root(), view).show()


def _root() -> tkinter.Tk:
    """An empty window; without a display, the program ends here."""
    try:
        import tkinter  # noqa: PLC0415  # some Pythons are without it
    except ImportError:
        _end("no-door")
    try:
        return tkinter.Tk(className="mynacard")
    except tkinter.TclError:
        _end("no-door")


def _end(answer: str) -> NoReturn:
    sys.stdout.buffer.write(f"{answer}\n".encode("utf-8", "replace"))
    sys.stdout.buffer.flush()
    os._exit(0)  # at once, whatever the window is doing


def _end_with_parent() -> None:
    sys.stdin.buffer.read(1)
    os._exit(1)


class _Window:
    def __init__(self, root: tkinter.Tk, view: _View) -> None:
        from tkinter import Frame, StringVar  # noqa: PLC0415  # which _root has found

        self._root, self._view = root, view
        self._ends = time.monotonic() + view["seconds"]
        self._typed = StringVar(root)
        self._frame = Frame(root, padx=24, pady=18)
        self._frame.pack(fill="both", expand=True)
        self._say()
        self._left = self._label("", colour=_FAINT)
        self._ask()
        self._ok = self._buttons()

    def show(self) -> None:
        """Show the window until the holder, or time, ends it."""
        root = self._root
        root.title("mynacard")
        root.resizable(width=False, height=False)
        root.protocol("WM_DELETE_WINDOW", self._cancel)
        root.bind("<Escape>", self._cancel)
        if self._view["kind"] == "pin":  # what has to be confirmed takes more than a key pressed by habit
            root.bind("<Return>", self._agree)
        self._place()
        self._count()
        root.mainloop()

    def _say(self) -> None:
        view = self._view
        self._label(view["lead"])
        self._label(view["heading"], larger=6, bold=True)
        if view["ascii"]:
            self._label(view["ascii"], larger=1)
        for line in view["alerts"]:
            self._label(line, colour=_ALERT, bold=True)
        for line in view["lines"]:
            self._label(line)

    def _label(self, text: str, *, larger: int = 0, bold: bool = False, colour: str = "") -> tkinter.Label:
        from tkinter import Label, font  # noqa: PLC0415  # likewise

        family = font.nametofont("TkDefaultFont").actual("family")
        style = (family, _POINTS + larger, "bold" if bold else "normal")
        label = Label(self._frame, text=text, font=style, justify="left", anchor="w", wraplength=_WRAP)
        if colour:
            label.configure(foreground=colour)
        label.pack(fill="x", pady=3)
        return label

    def _ask(self) -> None:
        from tkinter import Entry  # noqa: PLC0415  # likewise

        if self._view["kind"] == "pin":
            self._label(self._view["prompt"])
            entry = Entry(self._frame, textvariable=self._typed, show="•", width=24, font=("", _POINTS))
            entry.pack(anchor="w", pady=3)
            entry.focus_force()
            self._typed.trace_add("write", self._allow)

    def _buttons(self) -> tkinter.Button:
        from tkinter import Button, Frame  # noqa: PLC0415  # likewise

        row = Frame(self._frame)
        row.pack(fill="x", pady=(14, 0))
        Button(row, text=self._view["cancel"], font=("", _POINTS), command=self._cancel).pack(side="right")
        ok = Button(row, text=self._view["agree"], font=("", _POINTS), command=self._agree, state="disabled")
        if self._view["agree"]:
            ok.pack(side="right", padx=8)
        if self._view["kind"] == "confirmation":
            self._root.after(_REST_MS, self._allow)
        return ok

    def _allow(self, *_: object) -> None:
        wanted = self._view["kind"] == "confirmation" or self._is_of_form()
        self._ok.configure(state="normal" if wanted else "disabled")

    def _is_of_form(self) -> bool:
        typed = self._typed.get()[:_TYPED_MAX]
        return re.fullmatch(self._view["form"], typed.upper() if self._view["capitals"] else typed) is not None

    def _agree(self, *_: object) -> None:
        if str(self._ok["state"]) == "normal":
            _end(f"pin {self._typed.get()}" if self._view["kind"] == "pin" else "agreed")

    def _cancel(self, *_: object) -> None:
        _end("cancelled")

    def _place(self) -> None:
        root: Any = self._root
        root.update_idletasks()
        x = (root.winfo_screenwidth() - root.winfo_reqwidth()) // 2
        y = (root.winfo_screenheight() - root.winfo_reqheight()) // 3
        root.geometry(f"+{max(x, 0)}+{max(y, 0)}")
        root.attributes("-topmost", True)
        root.lift()

    def _count(self) -> None:
        left = self._ends - time.monotonic()
        if left <= 0:
            _end("timed-out")
        self._left.configure(text=self._view["ends"].format(seconds=int(left) + 1))
        self._root.after(_TICK_MS, self._count)


if __name__ == "__main__":
    main()
