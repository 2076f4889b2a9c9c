"""Why a page would not find our host is found, for each reason that there is."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from mynacard.doctor import Desk, Finding, System, browsers, examination, examine
from mynacard.doctor.browsers import findings_of_browsers
from mynacard.errors import BrowserSetupError
from mynacard.webeid import settings
from mynacard.webeid.installing import install, targets
from mynacard.webeid.manifests import content_of
from mynacard.webeid.places import Account, Browser
from mynacard.webeid.settings import Settings
from tests.support import SCRIPT
from tests.webeid.accounts import account, manifest, program
from tests.webeid.test_looking import greets

LayDesk = Callable[..., Desk]


@pytest.fixture(autouse=True)
def own_settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The settings file of a test; it does not exist yet."""
    path = tmp_path / "settings" / "webeid.json"
    monkeypatch.setattr(settings, "settings_file", lambda: path)
    return path


@pytest.fixture
def host(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Our program, which greets as it should."""
    path = program(tmp_path / "venv/bin/mynacard-webeid", SCRIPT + greets("2.9.0+mynacard.0-1-0"))
    monkeypatch.setattr(browsers, "host_program", lambda: path)
    return path


@pytest.fixture
def user(tmp_path: Path) -> Account:
    """A user with Chromium and Firefox, at a display."""
    taro = account(tmp_path / "taro", DISPLAY=":0")
    for mark in (".config/chromium/Local State", ".mozilla/firefox/profiles.ini"):
        (taro.home / mark).parent.mkdir(parents=True)
        (taro.home / mark).touch()
    return taro


def codes(user: Account) -> list[str]:
    return [finding.code for finding in findings_of_browsers(user)]


def chromium(user: Account) -> Path:
    return user.home / ".config/chromium/NativeMessagingHosts"


def test_a_computer_without_browsers_has_no_finding(tmp_path: Path) -> None:
    assert codes(account(tmp_path)) == []


def test_browsers_that_nothing_is_installed_for_are_named_once(user: Account) -> None:
    (finding,) = findings_of_browsers(user)
    assert finding == Finding("browser/not-set-up", {"browser": "Chromium, Firefox"})


def test_what_is_installed_and_greets_is_good(user: Account, host: Path) -> None:
    install(targets(user, [Browser.CHROMIUM, Browser.FIREFOX]), host)
    assert codes(user) == ["browser/ready", "browser/ready", "browser/greets"]


def test_a_browser_that_was_left_out_is_named(user: Account, host: Path) -> None:
    install(targets(user, [Browser.FIREFOX]), host)
    assert codes(user) == ["browser/missing", "browser/ready", "browser/greets"]


def test_a_browser_that_is_not_here_matters_only_if_ours_is_installed_for_it(user: Account, host: Path) -> None:
    manifest(user.home / ".config/google-chrome/NativeMessagingHosts")
    install(targets(user, [Browser.CHROMIUM, Browser.FIREFOX, Browser.BRAVE]), host)
    assert codes(user) == ["browser/ready", "browser/ready", "browser/ready", "browser/greets"]


def test_another_program_is_named_with_its_manifest(user: Account) -> None:
    path = manifest(user.home / "etc/chromium/native-messaging-hosts")
    _, finding = findings_of_browsers(user)
    assert finding.code == "browser/other"
    assert "/usr/bin/web-eid" in finding.cause()
    assert str(path) in finding.cause()


def test_a_manifest_that_cannot_be_read_is_a_problem(user: Account) -> None:
    manifest(chromium(user)).write_bytes(b"")
    assert codes(user) == ["browser/not-set-up", "browser/unreadable"]


def test_a_program_that_is_gone_is_a_problem(user: Account, host: Path) -> None:
    install(targets(user, [Browser.CHROMIUM]), host)
    host.unlink()
    assert codes(user) == ["browser/program-gone", "browser/missing"]


def test_identifiers_that_are_not_current_are_a_problem(user: Account, host: Path) -> None:
    manifest(chromium(user), str(host))
    assert codes(user) == ["browser/outdated", "browser/missing"]


def test_another_copy_of_ours_is_told(user: Account, host: Path, tmp_path: Path) -> None:
    moved = program(tmp_path / "old/bin/mynacard-webeid", host.read_text("utf-8"))
    install(targets(user, [Browser.CHROMIUM]), moved)
    assert codes(user) == ["browser/ready", "browser/other-copy", "browser/missing", "browser/greets"]


def test_a_copy_without_a_host_of_its_own_compares_nothing(
    user: Account, host: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def missing() -> Path:
        raise BrowserSetupError("It is missing.")

    install(targets(user, [Browser.CHROMIUM, Browser.FIREFOX]), host)
    monkeypatch.setattr(browsers, "host_program", missing)
    assert codes(user) == ["browser/ready", "browser/ready", "browser/greets"]


def test_an_extension_of_tests_is_told(user: Account, host: Path) -> None:
    install(targets(user, [Browser.CHROMIUM, Browser.FIREFOX]), host, extensions=["host@mynacard.test"])
    assert codes(user) == ["browser/ready", "browser/ready", "browser/test-extension", "browser/greets"]


def test_a_host_that_does_not_greet_is_a_problem(user: Account, host: Path) -> None:
    install(targets(user, [Browser.CHROMIUM, Browser.FIREFOX]), host)
    host.write_text(SCRIPT, "utf-8")
    assert codes(user) == ["browser/ready", "browser/ready", "browser/silent"]


def test_confined_browsers_are_told_with_what_shows_them(user: Account) -> None:
    (user.home / "snap/bin").mkdir(parents=True)
    (user.home / "snap/bin/firefox").touch()
    (user.home / "var/lib/flatpak/app/org.chromium.Chromium").mkdir(parents=True)
    told = list(findings_of_browsers(user))[1:]
    assert [finding.code for finding in told] == ["browser/flatpak", "browser/snap"]
    assert "snap/bin/firefox" in told[1].cause()


def test_without_a_display_there_is_nothing_to_ask_at(user: Account, host: Path, own_settings: Path) -> None:
    install(targets(user, [Browser.CHROMIUM, Browser.FIREFOX]), host)
    dark = replace(user, environment={})
    assert codes(dark)[-1] == "browser/no-display"
    for consent in ("pinentry", "window"):
        settings.save(Settings(consent=consent), own_settings)
        assert codes(dark)[-1] == "browser/no-display"
    settings.save(Settings(consent="keypad"), own_settings)
    assert codes(dark)[-1] == "browser/greets"
    assert codes(replace(user, environment={"WAYLAND_DISPLAY": "wayland-0"}))[-1] == "browser/greets"


def test_a_script_that_answers_is_told(user: Account, host: Path, own_settings: Path, tmp_path: Path) -> None:
    install(targets(user, [Browser.CHROMIUM, Browser.FIREFOX]), host)
    settings.save(Settings(consent=f"script:{tmp_path / 'answers.json'}"), own_settings)
    assert codes(user)[-1] == "browser/scripted"


def test_damaged_settings_are_a_problem_even_if_nothing_is_installed(user: Account, own_settings: Path) -> None:
    own_settings.parent.mkdir()
    own_settings.write_bytes(b"{")
    assert codes(user) == ["browser/not-set-up", "browser/settings"]


def test_the_examination_looks_at_the_browsers_of_a_desk_with_an_account(
    lay_desk: LayDesk, user: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(examination, "_look_at_pcsc", lambda *_: iter([Finding("reader/none")]))
    desk = replace(lay_desk(System.LINUX), account=user)
    assert [finding.code for finding in examine(desk=desk)] == ["reader/none", "browser/not-set-up", "clock/good"]


def test_nothing_is_written(user: Account, host: Path) -> None:
    install(targets(user, [Browser.CHROMIUM]), host)
    assert codes(user)
    assert (chromium(user) / "eu.webeid.json").read_bytes() == content_of(host, Browser.CHROMIUM.family)
