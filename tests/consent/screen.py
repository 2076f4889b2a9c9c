"""A screen without a monitor, on which dialogs are shown, typed into and photographed."""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
from collections.abc import Generator
from pathlib import Path
from typing import Final

__all__ = ["NEEDED", "keys", "picture", "screen", "wait_for_window", "windows"]

NEEDED: Final = ("Xvfb", "xdotool")


@contextlib.contextmanager
def screen(size: str = "1000x760x24") -> Generator[str, None, None]:
    """The name of a display (``DISPLAY``) of its own, with nothing on it."""
    reads, writes = os.pipe()
    with subprocess.Popen(
        # Without -noreset, it starts anew when its last client leaves, and drops one that is just arriving.
        ["Xvfb", "-displayfd", str(writes), "-screen", "0", size, "-nolisten", "tcp", "-noreset"],
        pass_fds=[writes],
        stderr=subprocess.DEVNULL,
    ) as server:
        os.close(writes)
        with os.fdopen(reads) as stream:
            number = stream.readline().strip()
        try:
            yield f":{number}"
        finally:
            server.terminate()


def _run(display: str, *command: str) -> str:
    done = subprocess.run(
        command, env={**os.environ, "DISPLAY": display}, capture_output=True, text=True, check=True, timeout=60
    )
    return done.stdout.strip()


def wait_for_window(display: str, name: str = "mynacard") -> str:
    """The window called *name*, once it is shown."""
    return _run(display, "xdotool", "search", "--sync", "--onlyvisible", "--name", f"^{name}$").splitlines()[0]


def windows(display: str, name: str = "mynacard") -> list[str]:
    """The windows called *name* that are shown now."""
    done = subprocess.run(
        ["xdotool", "search", "--onlyvisible", "--name", f"^{name}$"],
        env={**os.environ, "DISPLAY": display}, capture_output=True, text=True, check=False, timeout=60,
    )  # fmt: skip
    return done.stdout.split()


def keys(display: str, *names: str) -> None:
    """Press the keys *names*, one after the other."""
    _run(display, "xdotool", "key", "--delay", "30", *names)


def picture(display: str, path: Path) -> None:
    """A picture of the whole screen in the file *path*."""
    _run(display, shutil.which("import") or "import", "-window", "root", str(path))
