"""A browser that is started once for all tests, and its user, who has a home folder and installs the host."""

from __future__ import annotations

import os
import subprocess
import sys
from contextlib import ExitStack
from pathlib import Path
from typing import Final

from mynacard.doors.pcsclite import PcscliteDoor
from tests.browsers.driving import Browser, browser
from tests.browsers.manifest import CHROMIUM_ID, FIREFOX_ID

__all__ = ["EXTENSIONS", "Launcher"]

EXTENSIONS: Final = ("--extension", CHROMIUM_ID, "--extension", FIREFOX_ID)
"""The options of ``mynacard webeid install`` that let the extension in."""


class Launcher:
    """Starts its browser when a test needs it, and again if it was killed.

    Attributes:
        name: which browser.
        home: the home folder of its user.
        version: as the browser tells it; empty before it was started.
    """

    def __init__(self, name: str, home: Path, door: PcscliteDoor) -> None:
        self.name = name
        self.home = home
        self.version = ""
        self._door = door
        self._running = ExitStack()
        self._browser: Browser | None = None

    @property
    def profile(self) -> Path:
        return self.home / self.name

    @property
    def environment(self) -> dict[str, str]:
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("XDG_", "DBUS_"))}
        return kept | self._door.environment() | {"HOME": str(self.home), "XDG_RUNTIME_DIR": str(self.home / "run")}

    def mynacard(self, *words: str | Path) -> None:
        """Run ``mynacard webeid`` as the user of the browser."""
        command = [sys.executable, "-m", "mynacard", "webeid", *words]
        done = subprocess.run(command, env=self.environment, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr

    def install(self, *words: str | Path) -> None:
        """Let this browser start the host; *words* are further options of ``install``."""
        self.mynacard("install", *self._target, *words)

    def uninstall(self) -> None:
        self.mynacard("uninstall", *self._target)

    @property
    def _target(self) -> tuple[str | Path, ...]:
        return ("--profile", self.profile) if self.name == "chromium" else ("--browser", self.name)

    def browser(self) -> Browser:
        if self._browser is None or not self._browser.running:
            self.close()
            self._browser = self._running.enter_context(browser(self.name, self.profile, self.environment))
            self.version = self._browser.version
        return self._browser

    def close(self) -> None:
        self._running.close()
        self._browser = None
