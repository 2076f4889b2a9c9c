"""One start of each browser for all tests; they share the service for cards, the site and the home folder."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest

from mynacard.doors.pcsclite import PcscliteDoor
from mynacard.testing import SimulatedPki
from mynacard.webeid import Login
from tests.browsers.desk import SCRIPT, Desk
from tests.browsers.driving import BROWSERS
from tests.browsers.launcher import EXTENSIONS, Launcher
from tests.browsers.site import certified, listening, served

EXAMPLE: Final = Path(__file__).resolve().parent.parent.parent / "docs/examples/login"


@pytest.fixture(scope="session", params=BROWSERS)
def launcher(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, run_wide_door: PcscliteDoor, site: str
) -> Iterator[Launcher]:
    """The browsers, one after the other; the sites end after them, for a site waits for its connections."""
    with contextlib.closing(Launcher(request.param, tmp_path_factory.mktemp("home"), run_wide_door)) as launcher:
        launcher.install(*EXTENSIONS, "--consent", f"script:{launcher.home / SCRIPT}")
        yield launcher


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


@contextlib.contextmanager
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
    """A desk without a reader. At the end no host may be left; tabs are closed, and permissions taken back."""
    settings = launcher.home / ".config/mynacard/webeid.json"
    before = settings.read_bytes()
    desk = Desk(launcher.browser(), launcher.home, door, site)
    try:
        yield desk
        desk.until_left()
    finally:
        desk.browser.close_tabs()
        settings.write_bytes(before)
