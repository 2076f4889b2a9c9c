"""One start of each browser for all tests; they share the service for cards, the site and the home folder."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse
from starlette.routing import Route

from mynacard.doors.pcsclite import PcscliteDoor
from tests.browsers.driving import BROWSERS, Browser, browser
from tests.browsers.site import certified, listening, served


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
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, run_wide_door: PcscliteDoor
) -> Iterator[Launcher]:
    launcher = Launcher(request.param, tmp_path_factory.mktemp("home"), run_wide_door)
    yield launcher
    launcher.end()


@pytest.fixture(scope="session")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The origin of a site with one page, which is empty."""

    async def empty(_: Request) -> HTMLResponse:
        return HTMLResponse("<!doctype html><title>A page</title>")

    with listening() as listener:
        port = listener.getsockname()[1]
        with served(Starlette(routes=[Route("/", empty)]), listener, certified(tmp_path_factory.mktemp("site"))):
            yield f"https://localhost:{port}"
