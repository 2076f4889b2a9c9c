"""A program at the other end of two pipes that shows a dialog: what it says is bounded, and it can be killed."""

from __future__ import annotations

import contextlib
import os
import queue
import signal
import subprocess
import threading
from collections.abc import Mapping, Sequence
from typing import IO, Final, cast

from mynacard.consent.request import Refusal
from mynacard.pin import Pin

__all__ = ["Child", "environment"]

LINE_MAX: Final = 1000
"""Bytes of a line with its end, as Assuan has it (GnuPG, libassuan, "Implementation")."""
LINES_MAX: Final = 200
_REAP_S: Final = 1.0
_DESKTOP: Final = frozenset({
    "DISPLAY", "WAYLAND_DISPLAY", "XAUTHORITY", "XDG_RUNTIME_DIR", "XDG_SESSION_TYPE", "XDG_CURRENT_DESKTOP",
    "XDG_DATA_DIRS", "XDG_CONFIG_DIRS", "DBUS_SESSION_BUS_ADDRESS", "DESKTOP_SESSION",
    "HOME", "USER", "LOGNAME", "PATH", "TERM", "TMPDIR", "LANG", "LANGUAGE", "LC_ALL", "LC_CTYPE", "LC_MESSAGES",
    "GDK_SCALE", "GDK_BACKEND", "GTK_THEME", "QT_QPA_PLATFORM", "QT_QPA_PLATFORMTHEME", "QT_SCALE_FACTOR",
    "__CF_USER_TEXT_ENCODING",
    "SYSTEMROOT", "WINDIR", "TEMP", "TMP", "USERPROFILE", "APPDATA", "LOCALAPPDATA",
})  # fmt: skip
"""What a program needs for a window; the environment may have passwords for others."""


def environment(variables: Mapping[str, str]) -> dict[str, str]:
    """What a dialog's program gets of the environment *variables*."""
    return {name: value for name, value in variables.items() if name.upper() in _DESKTOP}


class Child:
    """A program that was started, with a pipe to it and one from it.

    Its lines are kept as :class:`~mynacard.pin.Pin`, since any of them may hold one.

    Raises:
        OSError: it cannot be started.
    """

    def __init__(self, command: Sequence[str]) -> None:
        self._lines: queue.SimpleQueue[Pin | None] = queue.SimpleQueue()
        self._ended = False
        self._process = subprocess.Popen(
            command,
            bufsize=0,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=environment(os.environ),
            start_new_session=True,  # Ctrl-C is for us, and what it starts is killed with it
        )
        self._input, self._output = cast(IO[bytes], self._process.stdin), cast(IO[bytes], self._process.stdout)
        self._reader = threading.Thread(target=_read, args=(self._output, self._lines), daemon=True)
        self._reader.start()

    def send(self, line: bytes) -> None:
        """Send *line*; a program that has ended does not get it, as :meth:`line` will say."""
        with contextlib.suppress(OSError, ValueError):  # ValueError: closed meanwhile
            self._input.write(line)

    def line(self, timeout_s: float) -> Pin | Refusal | None:
        """The next line, without its end; None if it has not come yet; a refusal if it will not come.

        It will not when the program has ended, was killed, or says too much.
        """
        if not self._ended:
            try:
                line = self._lines.get(timeout=max(timeout_s, 0.001))
            except queue.Empty:
                return None
            if line is not None:
                return line
            self._ended = True
        return Refusal.CLOSED

    def kill(self) -> None:
        """End the program at once, from any thread."""
        self._lines.put(None)
        with contextlib.suppress(OSError):
            if hasattr(os, "killpg"):
                os.killpg(self._process.pid, signal.SIGKILL)
            else:
                self._process.kill()
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(_REAP_S)
        with contextlib.suppress(OSError):
            self._input.close()
        self._reader.join(_REAP_S)
        if not self._reader.is_alive():  # else it could read from the next pipe that gets this one's number
            self._output.close()


def _read(output: IO[bytes], lines: queue.SimpleQueue[Pin | None]) -> None:
    """Put the lines of *output* into *lines*, and None behind the last; a line without an end is not one."""
    with contextlib.suppress(OSError, ValueError):  # ValueError: closed meanwhile
        for _ in range(LINES_MAX):
            line = output.readline(LINE_MAX)
            if not line.endswith(b"\n"):
                break
            lines.put(Pin(line.rstrip(b"\r\n")))
    lines.put(None)
