"""Chromium, driven by Playwright, which has no part in starting it."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from playwright.async_api import Browser, Page, Playwright, async_playwright

from tests.browsers.manifest import FOLDER
from tests.rig.pcscd import program

__all__ = ["Chromium"]


class Chromium:
    """A running Chromium with the extension in it."""

    announcement: Final = "DevToolsActivePort"

    def __init__(self, playwright: Playwright, browser: Browser) -> None:
        self.version = browser.version
        self._playwright = playwright
        self._browser = browser

    @staticmethod
    def command(profile: Path) -> list[str | Path]:
        return [
            program("chromium"), "--headless=new", "--remote-debugging-port=0", f"--user-data-dir={profile}",
            f"--load-extension={FOLDER}", f"--disable-extensions-except={FOLDER}",
            "--ignore-certificate-errors",  # the page's certificate is signed by itself
            "--no-sandbox",  # which root, in a container, cannot have
            "--disable-dev-shm-usage",  # a container's is too small
            "--no-first-run", "--disable-background-networking", "--disable-component-update", "about:blank",
        ]  # fmt: skip

    @staticmethod
    def port(announcement: Path) -> str:
        try:
            return announcement.read_text("utf-8").partition("\n")[0]
        except FileNotFoundError:
            return ""

    @classmethod
    async def attach(cls, port: str) -> Chromium:
        playwright = await async_playwright().start()
        browser = await playwright.chromium.connect_over_cdp(f"http://127.0.0.1:{port}")
        context = browser.contexts[0]
        if not context.service_workers:  # before the extension's runs, pages may be without its other part, too
            await context.wait_for_event("serviceworker")
        return cls(playwright, browser)

    async def open(self, url: str) -> Page:
        page = await self._browser.contexts[0].new_page()
        await page.goto(url)
        return page

    async def detach(self) -> None:
        await self._playwright.stop()
