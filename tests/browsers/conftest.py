"""One start of each browser for all tests; they share the service for cards, the site and the home folder."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Final

import pytest

from mynacard.doors.pcsclite import PcscliteDoor
from mynacard.testing import SimulatedPki
from mynacard.webeid import Login
from tests.browsers.desk import SCRIPT, Desk
from tests.browsers.driving import BROWSERS, Browser, browser
from tests.browsers.manifest import CHROMIUM_ID, FIREFOX_ID
from tests.browsers.site import certified, listening, served

EXTENSIONS: Final = ("--extension", CHROMIUM_ID, "--extension", FIREFOX_ID)
EXAMPLE: Final = Path(__file__).resolve().parent.parent.parent / "docs/examples/login"


class Launcher:
    """Starts its browser when a test needs it, and again if it was killed."""

    def __init__(self, name: str, home: Path, door: PcscliteDoor) -> None:
        self.name = name
        self.home = home
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
            self.end()
            self._browser = self._running.enter_context(browser(self.name, self.profile, self.environment))
        return self._browser

    def end(self) -> None:
        self._running.close()
        self._browser = None


@pytest.fixture(scope="session", params=BROWSERS)
def launcher(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, run_wide_door: PcscliteDoor, site: str
) -> Iterator[Launcher]:
    """The browsers, one after the other; the sites end after them, for a site waits for its connections."""
    launcher = Launcher(request.param, tmp_path_factory.mktemp("home"), run_wide_door)
    launcher.install(*EXTENSIONS, "--consent", f"script:{launcher.home / SCRIPT}")
    yield launcher
    launcher.end()


@pytest.fixture(scope="session")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The origin of the example portal, over https."""
    with _portal("https://localhost", certified(tmp_path_factory.mktemp("site"))) as origin:
        yield origin


@pytest.fixture(scope="session")
def plain_site() -> Iterator[str]:
    """The origin of the same over http, on this computer."""
    with _portal("http://127.0.0.1") as origin:
        yield origin


@contextmanager
def _portal(address: str, certificate: Path | None = None) -> Iterator[str]:
    """The portal of docs/examples/login, with its scripts and its Content-Security-Policy."""
    pki = SimulatedPki((3,))
    with pytest.MonkeyPatch.context() as imports, listening() as listener:
        imports.syspath_prepend(EXAMPLE)
        from starlette_portal import app

        origin = f"{address}:{listener.getsockname()[1]}"
        login = Login(origin, pki.anchors, account_key=bytes(32), evidence=pki.evidence())
        with served(app(login, "a secret of the portal"), listener, certificate):
            yield origin


@pytest.fixture
def desk(launcher: Launcher, door: PcscliteDoor, site: str) -> Iterator[Desk]:
    """A desk without a reader. At the end no host may be left, nor a tab."""
    settings = launcher.home / ".config/mynacard/webeid.json"
    before = settings.read_bytes()
    desk = Desk(launcher.browser(), launcher.home, door, site)
    yield desk
    desk.until_left()
    desk.browser.close_tabs()
    settings.write_bytes(before)
