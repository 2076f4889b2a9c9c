"""Where browsers look for native-messaging hosts: one table, by browser and system, with its sources.

Sources, read 2026-11: developer.chrome.com "Native messaging" (Chrome, Chromium); learn.microsoft.com "Native
messaging" (Edge, and its order of registry keys); developer.mozilla.org "Native manifests" (Firefox); KeePassXC,
src/browser/NativeMessageInstaller.cpp (Brave, and Edge on macOS); browserpass-native and packages of other hosts
(Brave's folders for all users). Seen here: the folders of Chromium 156 and Firefox ESR 153 on Linux, for one user.
Windows and macOS were not tried.

Firefox keeps new profiles below ``~/.config/mozilla`` from version 147 on, and its manifests stay below ``~/.mozilla``
(bugzilla.mozilla.org 2005167); making that folder does not move its profiles (seen with 153).
"""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Iterator, Mapping
from enum import StrEnum
from pathlib import Path
from typing import Final

from mynacard._dataclasses import dataclass
from mynacard.errors import BrowserSetupError
from mynacard.texts import N_
from mynacard.webeid.registry import Registry, windows_registry

__all__ = [
    "BOXES",
    "EXTENSIONS",
    "PLACES",
    "STORES",
    "Account",
    "Box",
    "BoxKind",
    "Browser",
    "Family",
    "Place",
    "boxed",
    "installed",
    "this_account",
]


class Family(StrEnum):
    """Browsers that read the same form of manifest."""

    CHROMIUM = "chromium"
    FIREFOX = "firefox"


class Browser(StrEnum):
    """A browser of which we know the places."""

    CHROMIUM = "chromium"
    CHROME = "chrome"
    EDGE = "edge"
    BRAVE = "brave"
    FIREFOX = "firefox"

    @property
    def label(self) -> str:
        """Its maker's name for it."""
        return _LABELS[self]

    @property
    def family(self) -> Family:
        return Family.FIREFOX if self is Browser.FIREFOX else Family.CHROMIUM


_LABELS: Final = {
    Browser.CHROMIUM: "Chromium",
    Browser.CHROME: "Google Chrome",
    Browser.EDGE: "Microsoft Edge",
    Browser.BRAVE: "Brave",
    Browser.FIREFOX: "Firefox",
}

_IN_CHROMES_STORE: Final = "ncibgoaomkmdpilpocfeponihegamlic"
_IN_EDGES_STORE: Final = "gnmckgbandlkacikdndelhfghdejfido"
EXTENSIONS: Final[Mapping[Family, tuple[str, ...]]] = {
    Family.CHROMIUM: (_IN_CHROMES_STORE, _IN_EDGES_STORE),
    Family.FIREFOX: ("{e68418bc-f2b0-4459-a9ea-3e72b6751b07}",),
}
"""The published Web eID extension, by its identifiers in the stores of Chrome, Edge and Firefox (its version 2.5.0)."""

STORES: Final[Mapping[Browser, str]] = {
    Browser.CHROME: f"https://chromewebstore.google.com/detail/web-eid/{_IN_CHROMES_STORE}",
    Browser.EDGE: f"https://microsoftedge.microsoft.com/addons/detail/{_IN_EDGES_STORE}",
    Browser.FIREFOX: "https://addons.mozilla.org/firefox/addon/web-eid-webextension/",
}
"""Where its makers publish it. Chromium and Brave take it from Chrome's store."""


@dataclass(frozen=True, slots=True)
class Account:
    """Whose browsers are meant: one user on one computer.

    Attributes:
        platform: ``linux`` (also for other systems with X11), ``darwin`` or ``win32``.
        home: the user's home.
        environment: the environment variables.
        root: the root of the file system.
        registry: the Windows registry; None elsewhere.
    """

    platform: str
    home: Path
    environment: Mapping[str, str]
    root: Path = Path("/")
    registry: Registry | None = None

    def path(self, template: str) -> Path:
        """The path that *template* means for this user; it begins with one of the names in braces below."""
        config = self.environment.get("CHROME_CONFIG_HOME") or self.environment.get("XDG_CONFIG_HOME")
        return Path(
            template.format(
                root=str(self.root).rstrip("/"),
                home=self.home,
                config=config or self.home / ".config",
                support=self.home / "Library/Application Support",
                local=self.environment.get("LOCALAPPDATA") or self.home / "AppData/Local",
                roaming=self.environment.get("APPDATA") or self.home / "AppData/Roaming",
            )
        )


def this_account() -> Account:
    """The user whom this program runs for.

    Raises:
        BrowserSetupError: this user has no home.
    """
    home = os.path.expanduser("~")
    if not os.path.isabs(home):
        raise BrowserSetupError(N_("This user has no home folder, and so no browser of their own."))
    platform = sys.platform if sys.platform in {"darwin", "win32"} else "linux"
    return Account(platform, Path(home), os.environ, registry=windows_registry() if platform == "win32" else None)


@dataclass(frozen=True, slots=True)
class Place:
    """A row of the table: where one browser on one system looks, and what shows that it is there.

    Attributes:
        user: the folder of this user's manifests, which comes first. On Windows only the registry's values lead there.
        system: the folders for all users.
        marks: files and folders that the browser makes when it first runs, or that it is installed in.
        programs: the names of its program on ``PATH``.
        keys: the registry keys that it reads, in this order, below HKEY_CURRENT_USER, then below HKEY_LOCAL_MACHINE.
    """

    user: str
    system: tuple[str, ...]
    marks: tuple[str, ...]
    programs: tuple[str, ...] = ()
    keys: tuple[str, ...] = ()


_CHROME_KEY: Final = r"Software\Google\Chrome\NativeMessagingHosts\eu.webeid"
_CHROMIUM_KEY: Final = r"Software\Chromium\NativeMessagingHosts\eu.webeid"
_EDGE_KEY: Final = r"Software\Microsoft\Edge\NativeMessagingHosts\eu.webeid"
_MOZILLA_KEY: Final = r"Software\Mozilla\NativeMessagingHosts\eu.webeid"

PLACES: Final[Mapping[str, Mapping[Browser, Place]]] = {
    "linux": {
        Browser.CHROMIUM: Place(
            "{config}/chromium/NativeMessagingHosts", ("{root}/etc/chromium/native-messaging-hosts",),
            ("{config}/chromium/Local State",), ("chromium", "chromium-browser"),
        ),
        Browser.CHROME: Place(
            "{config}/google-chrome/NativeMessagingHosts", ("{root}/etc/opt/chrome/native-messaging-hosts",),
            ("{config}/google-chrome/Local State",), ("google-chrome", "google-chrome-stable"),
        ),
        Browser.EDGE: Place(
            "{config}/microsoft-edge/NativeMessagingHosts", ("{root}/etc/opt/edge/native-messaging-hosts",),
            ("{config}/microsoft-edge/Local State",), ("microsoft-edge", "microsoft-edge-stable"),
        ),
        Browser.BRAVE: Place(
            "{config}/BraveSoftware/Brave-Browser/NativeMessagingHosts",
            ("{root}/etc/brave/native-messaging-hosts", "{root}/etc/opt/brave/native-messaging-hosts"),
            ("{config}/BraveSoftware/Brave-Browser/Local State",), ("brave-browser", "brave-browser-stable", "brave"),
        ),
        Browser.FIREFOX: Place(
            "{home}/.mozilla/native-messaging-hosts",
            ("{root}/usr/lib/mozilla/native-messaging-hosts", "{root}/usr/lib64/mozilla/native-messaging-hosts"),
            ("{home}/.mozilla/firefox/profiles.ini", "{config}/mozilla/firefox/profiles.ini"),
            ("firefox", "firefox-esr"),
        ),
    },
    "darwin": {
        Browser.CHROMIUM: Place(
            "{support}/Chromium/NativeMessagingHosts",
            ("{root}/Library/Application Support/Chromium/NativeMessagingHosts",),
            ("{support}/Chromium/Local State", "{root}/Applications/Chromium.app"),
        ),
        Browser.CHROME: Place(
            "{support}/Google/Chrome/NativeMessagingHosts", ("{root}/Library/Google/Chrome/NativeMessagingHosts",),
            ("{support}/Google/Chrome/Local State", "{root}/Applications/Google Chrome.app"),
        ),
        Browser.EDGE: Place(
            "{support}/Microsoft Edge/NativeMessagingHosts", ("{root}/Library/Microsoft/Edge/NativeMessagingHosts",),
            ("{support}/Microsoft Edge/Local State", "{root}/Applications/Microsoft Edge.app"),
        ),
        Browser.BRAVE: Place(
            "{support}/BraveSoftware/Brave-Browser/NativeMessagingHosts",
            ("{root}/Library/Application Support/BraveSoftware/Brave-Browser/NativeMessagingHosts",),
            ("{support}/BraveSoftware/Brave-Browser/Local State", "{root}/Applications/Brave Browser.app"),
        ),
        Browser.FIREFOX: Place(
            "{support}/Mozilla/NativeMessagingHosts",
            ("{root}/Library/Application Support/Mozilla/NativeMessagingHosts",),
            ("{support}/Firefox/profiles.ini", "{root}/Applications/Firefox.app"),
        ),
    },
    "win32": {  # the folders are ours, one for each key that is written
        Browser.CHROMIUM: Place(
            "{local}/mynacard/webeid/chromium", (), ("{local}/Chromium/User Data/Local State",), (), (_CHROMIUM_KEY,),
        ),
        Browser.CHROME: Place(
            "{local}/mynacard/webeid/chrome", (), ("{local}/Google/Chrome/User Data/Local State",), (), (_CHROME_KEY,),
        ),
        Browser.EDGE: Place(
            "{local}/mynacard/webeid/edge", (), ("{local}/Microsoft/Edge/User Data/Local State",), (),
            (_EDGE_KEY, _CHROMIUM_KEY, _CHROME_KEY),
        ),
        Browser.BRAVE: Place(
            "{local}/mynacard/webeid/chrome", (), ("{local}/BraveSoftware/Brave-Browser/User Data/Local State",), (),
            (_CHROME_KEY,),
        ),
        Browser.FIREFOX: Place(
            "{local}/mynacard/webeid/firefox", (), ("{roaming}/Mozilla/Firefox/profiles.ini",), (), (_MOZILLA_KEY,),
        ),
    },
}  # fmt: skip


class BoxKind(StrEnum):
    """What confines a browser."""

    SNAP = "Snap"
    FLATPAK = "Flatpak"


@dataclass(frozen=True, slots=True)
class Box:
    """A browser that runs confined: it starts no program outside by itself.

    Attributes:
        browser: which.
        kind: what confines it.
        path: what shows that it is there.
    """

    browser: Browser
    kind: BoxKind
    path: Path


BOXES: Final[Mapping[Browser, tuple[tuple[str, ...], str]]] = {
    #                 names of the Snap             name of the Flatpak
    Browser.CHROMIUM: (("chromium",),               "org.chromium.Chromium"),
    Browser.CHROME:   ((),                          "com.google.Chrome"),
    Browser.EDGE:     ((),                          "com.microsoft.Edge"),
    Browser.BRAVE:    (("brave",),                  "com.brave.Browser"),
    Browser.FIREFOX:  (("firefox",),                "org.mozilla.firefox"),
}  # fmt: skip
_SNAP: Final = "{root}/snap/bin/"
_FLATPAKS: Final = ("{root}/var/lib/flatpak/app/", "{home}/.local/share/flatpak/app/")
_SCRIPT_MAX: Final = 0x1000


def boxed(account: Account) -> Iterator[Box]:
    """The confined browsers of *account*: Snaps by their command, Flatpaks by the folder that they are installed in."""
    if account.platform != "linux":
        return
    for browser, (snaps, flatpak) in BOXES.items():
        places = [(BoxKind.SNAP, _SNAP + name) for name in snaps]
        places += [(BoxKind.FLATPAK, folder + flatpak) for folder in _FLATPAKS]
        for kind, template in places:
            if (path := account.path(template)).exists():
                yield Box(browser, kind, path)


def installed(account: Account) -> list[Browser]:
    """The browsers of *account* that are not confined: they have run for this user, or are on ``PATH``."""
    return [browser for browser, place in PLACES[account.platform].items() if _is_here(account, place)]


def _is_here(account: Account, place: Place) -> bool:
    if any(account.path(mark).exists() for mark in place.marks):
        return True
    search = account.environment.get("PATH", "")
    programs = (shutil.which(name, path=search) for name in place.programs)
    return any(program and not _leads_into_snap(Path(program)) for program in programs)


def _leads_into_snap(program: Path) -> bool:
    """Whether *program* is a Snap's command, or Ubuntu's script that starts it."""
    if "snap" in {*program.parts, *program.resolve().parts}:
        return True
    try:
        with program.open("rb") as file:
            beginning = file.read(_SCRIPT_MAX)
    except OSError:
        return False
    return beginning.startswith(b"#!") and b"/snap/bin/" in beginning
