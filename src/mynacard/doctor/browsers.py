"""Findings about browsers: why a page would not find our Web eID host, and what in its settings stands in the way."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final

from mynacard.consent.ways import KEYPAD, SCRIPT
from mynacard.doctor.findings import Finding
from mynacard.errors import BrowserSetupError, SettingsFileError
from mynacard.webeid import settings
from mynacard.webeid.installing import host_program, targets
from mynacard.webeid.looking import Look, Standing, greeting, look
from mynacard.webeid.places import Account, Browser, boxed, installed

__all__ = ["findings_of_browsers"]

_CODES: Final = {
    Standing.READY: "browser/ready",
    Standing.ABSENT: "browser/missing",
    Standing.UNREADABLE: "browser/unreadable",
    Standing.OTHER: "browser/other",
    Standing.GONE: "browser/program-gone",
    Standing.OUTDATED: "browser/outdated",
}
_OURS: Final = frozenset({Standing.READY, Standing.GONE, Standing.OUTDATED})
_NEEDS_NO_DISPLAY: Final = (KEYPAD, SCRIPT)


def findings_of_browsers(account: Account) -> Iterator[Finding]:
    """The findings about the browsers of *account*. Our host is started once if a browser would start it."""
    here, looks = installed(account), {browser: look(*targets(account, [browser])) for browser in Browser}
    ours = [browser for browser, seen in looks.items() if seen.standing in _OURS]
    if here and not ours:
        yield Finding("browser/not-set-up", {"browser": ", ".join(browser.label for browser in here)})
    for browser, seen in looks.items():
        if browser in ours or (browser in here and (ours or seen.standing is not Standing.ABSENT)):
            yield from _findings(browser, seen)
    for box in boxed(account):
        yield Finding(f"browser/{box.kind.lower()}", {"browser": box.browser.label, "path": str(box.path)})
    ready = [seen for seen in looks.values() if seen.standing is Standing.READY]
    yield from _greetings(ready)
    yield from _settings(account, asked=bool(ready))


def _findings(browser: Browser, seen: Look) -> Iterator[Finding]:
    where = {"browser": browser.label, "path": seen.where, "program": seen.program}
    yield Finding(_CODES[seen.standing], where)
    if seen.standing is Standing.READY and seen.program != _this_copy(seen.program):
        yield Finding("browser/other-copy", where)
    if seen.standing in _OURS and seen.extra:
        yield Finding("browser/test-extension", where)


def _this_copy(otherwise: str) -> str:
    """The path of our host that this program would install; *otherwise* if there is none."""
    try:
        return str(host_program())
    except BrowserSetupError:
        return otherwise


def _greetings(ready: Iterable[Look]) -> Iterator[Finding]:
    for program in dict.fromkeys(seen.program for seen in ready):
        try:
            yield Finding("browser/greets", {"program": program, "version": greeting(program)})
        except BrowserSetupError as error:
            yield Finding("browser/silent", {"program": program, "reason": error})


def _settings(account: Account, *, asked: bool) -> Iterator[Finding]:
    """The findings about the settings, and if the holder can be *asked* at all, about how."""
    try:
        consent = settings.load().consent
    except SettingsFileError as error:
        yield Finding("browser/settings", {"reason": error})
        return
    if not asked:
        return
    if consent.startswith(SCRIPT):
        yield Finding("browser/scripted", {"path": consent.removeprefix(SCRIPT)})
    displays = {"DISPLAY", "WAYLAND_DISPLAY"} & account.environment.keys()
    if account.platform == "linux" and not displays and not consent.startswith(_NEEDS_NO_DISPLAY):
        yield Finding("browser/no-display")
