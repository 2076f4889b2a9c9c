"""A browser as tests see it: pages are opened, asked and closed, several at a time, and the browser can be killed."""

from __future__ import annotations

import asyncio
import contextlib
import json
import threading
from collections.abc import Coroutine, Iterator, Mapping
from concurrent.futures import Future
from pathlib import Path
from typing import Any, Final, Protocol, TypeVar

import playwright.async_api

from tests.browsers.chromium import Chromium
from tests.browsers.firefox import Firefox
from tests.browsers.process import PATIENCE_S, BrowserProcess, started, until

__all__ = ["BROWSERS", "Browser", "Tab", "browser"]

T = TypeVar("T")


class _Page(Protocol):
    async def evaluate(self, expression: str) -> object: ...
    async def close(self) -> None: ...


class _Driver(Protocol):
    version: str

    async def open(self, url: str) -> _Page: ...
    async def detach(self) -> None: ...


class _Kind(Protocol):
    @property
    def announcement(self) -> str: ...  # the file in the profile that tells the port
    def command(self, profile: Path) -> list[str | Path]: ...
    def port(self, announcement: Path) -> str: ...
    async def attach(self, port: str) -> _Driver: ...


BROWSERS: Final[Mapping[str, _Kind]] = {"chromium": Chromium, "firefox": Firefox}


class _Loop:
    """An event loop in a thread of its own, so that a test can do other things while a page waits."""

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="browser")
        self._thread.start()

    def start(self, work: Coroutine[Any, Any, T]) -> Future[T]:
        return asyncio.run_coroutine_threadsafe(work, self._loop)

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        return self.start(work).result(PATIENCE_S)

    def close(self) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(PATIENCE_S)
        self._loop.close()


class Tab:
    """A page in a tab."""

    def __init__(self, page: _Page, loop: _Loop) -> None:
        self.open = True
        self._page = page
        self._loop = loop

    def start(self, expression: str) -> Future[Any]:
        """Evaluate *expression* in the page: a value of JSON, or a promise of one."""
        return self._loop.start(self._evaluate(expression))

    def evaluate(self, expression: str) -> Any:
        """The value of *expression*, once it is there."""
        return self.start(expression).result(PATIENCE_S)

    def until(self, expression: str) -> Any:
        """The first true value of *expression*, however often the page is loaded anew meanwhile."""
        return until(lambda: self._while_loading(f"document.readyState === 'complete' && ({expression})"))

    def _while_loading(self, expression: str) -> Any:
        try:
            return self.evaluate(expression)
        except (RuntimeError, playwright.async_api.Error):  # the page that it was evaluated in is gone
            return None

    def close(self) -> None:
        if self.open:
            self.open = False
            self._loop.run(self._page.close())

    async def _evaluate(self, expression: str) -> object:
        text = await self._page.evaluate(f"(async () => JSON.stringify(await ({expression})) ?? 'null')()")
        assert isinstance(text, str)
        return json.loads(text)


class Browser:
    """A running browser, with the extension in it.

    Attributes:
        version: as the browser tells it.
        running: whether it was not killed.
    """

    def __init__(self, driver: _Driver, process: BrowserProcess, loop: _Loop) -> None:
        self.version = driver.version
        self.running = True
        self._driver = driver
        self._process = process
        self._loop = loop
        self._tabs: list[Tab] = []

    def open(self, url: str) -> Tab:
        self._tabs.append(Tab(self._loop.run(self._driver.open(url)), self._loop))
        return self._tabs[-1]

    def close_tabs(self) -> None:
        while self._tabs and self.running:
            self._tabs.pop().close()

    def kill(self) -> None:
        """End it as a crash does."""
        self.running = False
        self._process.kill()


@contextlib.contextmanager
def browser(name: str, profile: Path, environment: Mapping[str, str]) -> Iterator[Browser]:
    """The browser called *name*, while the ``with`` lasts."""
    kind = BROWSERS[name]
    profile.mkdir(parents=True, exist_ok=True)
    with contextlib.closing(_Loop()) as loop:
        announcement, log = profile / kind.announcement, profile.with_suffix(".log")
        announcement.unlink(missing_ok=True)  # one that was killed leaves it there
        with started(kind.command(profile), environment, lambda: kind.port(announcement), log) as process:
            driver = loop.run(kind.attach(process.port))
            try:
                yield Browser(driver, process, loop)
            finally:
                loop.run(driver.detach())
