"""Dialogs of pinentry, the programs that ask for GnuPG's passphrases: they are on nearly every Linux desktop.

One program a dialog. It is told what to show in lines of the Assuan protocol, and its answers are believed only where
they have the form that is due.

Source: GnuPG, "Assuan", client requests and server responses; pinentry 1.2.1, "Protocol"; libgpg-error 1.47,
gpg-error.h (the error codes).
"""

from __future__ import annotations

import os
import time
import unicodedata
from collections.abc import Iterator, Sequence
from typing import Final
from urllib.parse import unquote_to_bytes

from mynacard.consent.child import LINE_MAX, Child
from mynacard.consent.dialog import Agreed, Dialog, OpenDialog, Reply
from mynacard.consent.request import Refusal
from mynacard.consent.words import Kind, View
from mynacard.pin import Pin

__all__ = ["PinentryDialog", "opener"]

_OPTIONAL: Final = (b"OPTION ", b"SETTIMEOUT ", b"SETTITLE ")
"""Commands that a pinentry may refuse: a holder sees what matters without them."""
_REFUSALS: Final = {62: Refusal.TIMED_OUT, 99: Refusal.CANCELLED, 114: Refusal.CANCELLED, 198: Refusal.CANCELLED}
"""GPG_ERR_TIMEOUT, _CANCELED, _NOT_CONFIRMED, _FULLY_CANCELED; above them a number has the program's own bits."""
_SYSTEM_ERROR: Final = 1 << 15
"""Set in the codes that stand for an errno: there is no terminal, no display."""
_CODE_BITS: Final = 0xFFFF
_COLUMNS: Final = 62
_NEVER_FIRST: Final = frozenset("、。，．）」：；")
"""They do not begin a line of Japanese."""
_SPARE_S: Final = 1.0
"""How much earlier than the request a dialog ends by itself."""


def opener(program: str, language: str, terminal: str = "") -> OpenDialog:
    """Shows dialogs by *program*; *terminal* is the device of one that it may use."""

    def open_dialog(view: View, seconds: float) -> Dialog:
        commands = [*_options(language, terminal), *_commands(view, seconds)]
        if any(len(command) >= LINE_MAX for command in commands):
            raise OSError("too long for a pinentry")
        return PinentryDialog(Child([program]), view.kind, commands)

    return open_dialog


class PinentryDialog:
    """A dialog that *child*, a pinentry, shows when it has heard all *commands*."""

    def __init__(self, child: Child, kind: Kind, commands: Sequence[bytes]) -> None:
        self._child = child
        self._kind = kind
        self._commands = [b"", *commands]  # it speaks first, as if there had been a command
        self._data: Pin | None = None

    def reply(self, timeout_s: float) -> Reply | None:
        ends = time.monotonic() + timeout_s
        while (line := self._child.line(ends - time.monotonic())) is not None:
            reply = self._heard(line) if isinstance(line, Pin) else self._ended(line)
            if reply is not None:
                return reply
        return None

    def close(self) -> None:
        self._child.kill()

    def _ended(self, refusal: Refusal) -> Refusal:
        """A program that ends before it has said anything could not show anything."""
        return refusal if self._commands[0] else Refusal.NO_DOOR

    def _heard(self, line: Pin) -> Reply | None:
        """What *line* means for the command that it answers; None if more is to come."""
        match _word(line):
            case b"OK":
                return self._done()
            case b"ERR" if self._commands[0].startswith(_OPTIONAL):
                self._next()
                return None
            case b"ERR" if self._commands[0]:
                return _refusal(line)
            case b"D" if self._kind is Kind.PIN and len(self._commands) == 1 and self._data is None:
                self._data = Pin(unquote_to_bytes(line.reveal()[2:]))
                return None
            case b"S" | b"#":
                return None
            case _:
                return Refusal.CLOSED

    def _done(self) -> Reply | None:
        if len(self._commands) > 1:
            self._next()
            return None
        match self._kind:
            case Kind.PIN:
                return self._data or Pin(b"")
            case Kind.CONFIRMATION:
                return Agreed.AGREED
            case Kind.NOTICE:  # its only button cancels
                return Refusal.CANCELLED

    def _next(self) -> None:
        del self._commands[0]
        self._child.send(self._commands[0] + b"\n")


def _word(line: Pin) -> bytes:
    return line.reveal().split(b" ", 1)[0][:8]


def _refusal(line: Pin) -> Refusal:
    number = line.reveal().split(b" ")[1:2]
    if not number or not number[0].isdigit():
        return Refusal.CLOSED
    code = int(number[0]) & _CODE_BITS
    return Refusal.NO_DOOR if code & _SYSTEM_ERROR else _REFUSALS.get(code, Refusal.CLOSED)


def _options(language: str, terminal: str) -> Iterator[bytes]:
    locale = "ja_JP.UTF-8" if language == "ja" else "en_US.UTF-8"
    yield from (f"OPTION lc-ctype={locale}".encode(), f"OPTION lc-messages={locale}".encode())
    if terminal:
        yield f"OPTION ttyname={terminal}".encode()
        yield f"OPTION ttytype={os.environ.get('TERM', 'vt100')}".encode()


def _commands(view: View, seconds: float) -> Iterator[bytes]:
    """What shows *view*; the last one waits for the holder."""
    alerts = "\n".join(view.alerts)
    asks = view.kind is Kind.PIN
    who = "\n".join(filter(None, [view.heading, view.ascii]))
    text = [view.lead, who, "" if asks else alerts, "\n".join(view.lines), view.ends.format(seconds=int(seconds))]
    yield f"SETTIMEOUT {max(1, int(seconds - _SPARE_S))}".encode()
    yield _said("SETTITLE", "mynacard")
    yield _said("SETDESC", "\n\n".join(_folded(part) for part in text if part))
    yield _said("SETOK", view.agree or view.cancel)
    if view.agree:
        yield _said("SETCANCEL", view.cancel)
    if asks:
        yield _said("SETPROMPT", view.prompt)
        if alerts:  # in red, where it shows any; elsewhere these dialogs show none
            yield _said("SETERROR", _folded(alerts))
    yield {Kind.PIN: b"GETPIN", Kind.CONFIRMATION: b"CONFIRM", Kind.NOTICE: b"CONFIRM --one-button"}[view.kind]


def _folded(text: str) -> str:
    """*text* in lines of at most ``_COLUMNS``; Qt's pinentry makes a window as wide as its longest line."""
    return "\n".join(part for line in text.split("\n") for part in _parts(line))


def _parts(line: str) -> Iterator[str]:
    while (end := _fitting(line)) < len(line):
        end = line.rfind(" ", 1, end + 1) if " " in line[1 : end + 1] else end
        end += line[end : end + 1] in _NEVER_FIRST
        yield line[:end]
        line = line[end:].removeprefix(" ")
    yield line


def _fitting(line: str) -> int:
    """How many characters of *line* fit; those of East Asia take two columns."""
    columns = 0
    for count, character in enumerate(line):
        columns += 2 if unicodedata.east_asian_width(character) in "FW" else 1
        if columns > _COLUMNS:
            return count
    return len(line)


def _said(command: str, text: str) -> bytes:
    """*command* with *text*: no line ends, and nothing that Qt takes for HTML."""
    escaped = text.replace("<", "‹").replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")
    return f"{command} {escaped}".encode()
