"""The table of places: each browser on each system has one, and what shows that a browser is there is looked at."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from mynacard.errors import BrowserSetupError
from mynacard.webeid import places
from mynacard.webeid.places import EXTENSIONS, PLACES, STORES, Account, BoxKind, Browser, boxed, installed, this_account
from tests.webeid.accounts import account, program

SYSTEMS = sorted(PLACES)


@pytest.mark.parametrize("platform", SYSTEMS)
def test_every_browser_has_a_place_on_every_system(platform: str) -> None:
    assert set(PLACES[platform]) == set(Browser)
    assert all(place.marks and (place.system or place.keys) for place in PLACES[platform].values())


def test_the_places_on_linux_are_those_of_the_makers(tmp_path: Path) -> None:
    """web-eid.md §7 has them from the reference application and the makers' pages."""
    user = Account("linux", Path("/taro"), {})
    assert {browser: str(user.path(place.user)) for browser, place in PLACES["linux"].items()} == {
        Browser.CHROMIUM: "/taro/.config/chromium/NativeMessagingHosts",
        Browser.CHROME: "/taro/.config/google-chrome/NativeMessagingHosts",
        Browser.EDGE: "/taro/.config/microsoft-edge/NativeMessagingHosts",
        Browser.BRAVE: "/taro/.config/BraveSoftware/Brave-Browser/NativeMessagingHosts",
        Browser.FIREFOX: "/taro/.mozilla/native-messaging-hosts",
    }
    assert [str(user.path(system)) for system in PLACES["linux"][Browser.FIREFOX].system] == [
        "/usr/lib/mozilla/native-messaging-hosts",
        "/usr/lib64/mozilla/native-messaging-hosts",
    ]


def test_chromium_follows_the_variables_that_move_its_settings() -> None:
    place = PLACES["linux"][Browser.CHROMIUM].user
    assert Account("linux", Path("/h"), {"XDG_CONFIG_HOME": "/x"}).path(place) == Path(
        "/x/chromium/NativeMessagingHosts"
    )
    moved = Account("linux", Path("/h"), {"XDG_CONFIG_HOME": "/x", "CHROME_CONFIG_HOME": "/c"})
    assert moved.path(place) == Path("/c/chromium/NativeMessagingHosts")


def test_braces_in_a_home_are_only_letters() -> None:
    assert Account("linux", Path("/h/{root}"), {}).path("{home}/x") == Path("/h/{root}/x")


@pytest.mark.parametrize("platform", SYSTEMS)
@pytest.mark.parametrize("browser", Browser)
def test_a_browser_that_has_run_is_there(platform: str, browser: Browser, tmp_path: Path) -> None:
    user = account(tmp_path, platform)
    assert installed(user) == []
    mark = user.path(PLACES[platform][browser].marks[0])
    mark.parent.mkdir(parents=True)
    mark.touch()
    assert installed(user) == [browser]


def test_a_firefox_with_its_profiles_in_the_new_folder_is_there(tmp_path: Path) -> None:
    user = account(tmp_path)
    profiles = user.home / ".config/mozilla/firefox/profiles.ini"
    profiles.parent.mkdir(parents=True)
    profiles.touch()
    assert installed(user) == [Browser.FIREFOX]


def test_a_browser_on_the_path_is_there(tmp_path: Path) -> None:
    program(tmp_path / "bin" / "chromium", "#!/bin/sh\nexec /usr/lib/chromium/chromium\n")
    assert installed(account(tmp_path, PATH=str(tmp_path / "bin"))) == [Browser.CHROMIUM]


def test_a_command_that_starts_a_snap_is_not_an_ordinary_browser(tmp_path: Path) -> None:
    """As on Ubuntu: /usr/bin/firefox is a script, /snap/bin/chromium a link."""
    program(tmp_path / "usr/bin/firefox", '#!/bin/sh\nexec /snap/bin/firefox "$@"\n')
    program(tmp_path / "usr/bin/snap")
    (tmp_path / "snap/bin").mkdir(parents=True)
    for name in ("chromium", "firefox"):
        (tmp_path / "snap/bin" / name).symlink_to(tmp_path / "usr/bin/snap")
    user = account(tmp_path, PATH=os.pathsep.join([str(tmp_path / "usr/bin"), str(tmp_path / "snap/bin")]))
    assert installed(user) == []
    assert [(box.browser, box.kind) for box in boxed(user)] == [
        (Browser.CHROMIUM, BoxKind.SNAP),
        (Browser.FIREFOX, BoxKind.SNAP),
    ]


@pytest.mark.parametrize("folder", ["all/var/lib/flatpak/app", "own/.local/share/flatpak/app"])
def test_a_flatpak_is_seen_for_all_users_and_for_one(folder: str, tmp_path: Path) -> None:
    user = Account("linux", tmp_path / "own", {}, tmp_path / "all")
    (tmp_path / folder / "com.brave.Browser").mkdir(parents=True)
    assert [(box.browser, box.kind) for box in boxed(user)] == [(Browser.BRAVE, BoxKind.FLATPAK)]


@pytest.mark.parametrize("platform", ["darwin", "win32"])
def test_only_linux_has_snaps_and_flatpaks(platform: str, tmp_path: Path) -> None:
    (tmp_path / "snap/bin").mkdir(parents=True)
    (tmp_path / "snap/bin/firefox").touch()
    assert list(boxed(account(tmp_path, platform))) == []


def test_the_stores_lead_to_the_extension_that_manifests_let_in() -> None:
    ids = [extension for listed in EXTENSIONS.values() for extension in listed]
    assert len([url for url in STORES.values() if any(url.endswith(extension) for extension in ids)]) == 2
    assert all(url.startswith("https://") for url in STORES.values())


def test_this_user_has_a_home_or_is_told_so(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("USERPROFILE", str(tmp_path))
    assert this_account().home == tmp_path
    monkeypatch.setattr(places.os.path, "expanduser", lambda _: "~")
    with pytest.raises(BrowserSetupError, match="no home"):
        this_account()
