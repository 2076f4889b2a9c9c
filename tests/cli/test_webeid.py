"""``mynacard webeid``, on an account of the test's own."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from mynacard.webeid import installing, places, settings
from tests.cli.command_line import run
from tests.support import SCRIPT
from tests.webeid.accounts import manifest, program, tree
from tests.webeid.test_looking import greets

PAGE, LOOPBACK = "https://portal.example", "http://127.0.0.1:8765"
ID = "abcdefghijklmnopabcdefghijklmnop"


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The home of a user with Chromium, on Linux, in whose environment our program is installed."""
    user = places.Account("linux", tmp_path / "taro", {"DISPLAY": ":0"}, tmp_path / "taro")
    (user.home / ".config/chromium").mkdir(parents=True)
    (user.home / ".config/chromium/Local State").touch()
    host = program(tmp_path / "venv/bin/mynacard-webeid", SCRIPT + greets("2.9.0+mynacard.0-1-0"))
    monkeypatch.setattr("mynacard.cli.commands.webeid.this_account", lambda: user)
    monkeypatch.setattr(settings, "settings_file", lambda: user.home / ".config/mynacard/webeid.json")
    monkeypatch.setattr(installing.sys, "executable", str(host.with_name("python")))
    return user.home


def chromium(home: Path) -> Path:
    return home / ".config/chromium/NativeMessagingHosts/eu.webeid.json"


def test_install_finds_the_browser_and_says_where_the_extension_is(home: Path) -> None:
    outcome = run("webeid", "install")
    assert outcome.code == 0
    assert outcome.out.splitlines()[0] == f"Chromium: installed ({chromium(home)})"
    assert "https://chromewebstore.google.com/detail/web-eid/ncibgoaomkmdpilpocfeponihegamlic" in outcome.out
    assert run("webeid", "install").out.splitlines()[0] == f"Chromium: was installed already ({chromium(home)})"


def test_install_and_uninstall_leave_the_home_as_it_was(home: Path) -> None:
    before = tree(home)
    assert run("webeid", "install", "--all").out.count("installed (") == len(places.Browser)
    assert run("webeid", "uninstall").out.count("removed (") == len(places.Browser)
    assert tree(home) == before
    assert run("webeid", "uninstall").out == "Nothing was installed there.\n"


def test_install_takes_the_browsers_profiles_and_extensions_that_are_named(home: Path, tmp_path: Path) -> None:
    profile = tmp_path / "profile"
    assert run("webeid", "install", "--browser", "firefox", "--profile", profile, "--extension", ID).code == 0
    assert not chromium(home).exists()
    assert (home / ".mozilla/native-messaging-hosts/eu.webeid.json").exists()
    written = json.loads((profile / "NativeMessagingHosts/eu.webeid.json").read_bytes())
    assert written["allowed_origins"][-1] == f"chrome-extension://{ID}/"
    assert run("webeid", "uninstall", "--profile", profile).out.startswith(f"{profile}: removed (")


def test_another_program_keeps_its_place_and_the_error_says_how_to_take_it(home: Path) -> None:
    other = manifest(home / "etc/chromium/native-messaging-hosts")
    outcome = run("webeid", "install")
    assert outcome.code == 9
    assert f"/usr/bin/web-eid ({other}). --replace" in outcome.complaint
    assert run("webeid", "install", "--replace").code == 0


def test_without_our_program_nothing_is_installed(home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(installing.sysconfig, "get_path", lambda _: str(tmp_path))
    (tmp_path / "venv/bin/mynacard-webeid").unlink()
    before = tree(home)
    outcome = run("webeid", "install")
    assert outcome.code == 9
    assert "Install mynacard again" in outcome.complaint
    assert tree(home) == before


def test_without_a_browser_the_cure_is_named(home: Path) -> None:
    (home / ".config/chromium/Local State").unlink()
    (home / "snap/bin").mkdir(parents=True)
    (home / "snap/bin/firefox").touch()
    outcome = run("webeid", "install")
    assert outcome.code == 9
    assert "confined: Firefox (Snap)" in outcome.complaint
    assert run("webeid", "install", "--browser", "firefox").out.count("Firefox as a Snap may not reach it") == 1


@pytest.mark.parametrize("wrong", ["script:", "page", "keypads"])
def test_a_way_of_asking_that_does_not_exist_changes_nothing(wrong: str, home: Path) -> None:
    before = tree(home)
    outcome = run("webeid", "install", "--consent", wrong)
    assert outcome.code == 2
    assert tree(home) == before


def test_an_extension_that_does_not_exist_changes_nothing(home: Path) -> None:
    before = tree(home)
    assert run("webeid", "install", "--extension", "*").code == 2
    assert tree(home) == before


def test_how_to_ask_and_which_card_are_kept_with_absolute_paths(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    run("webeid", "install", "--consent", "script:answers.json", "--card", "sim:card.json")
    assert settings.load() == settings.Settings(
        consent=f"script:{tmp_path / 'answers.json'}", card=f"sim:{tmp_path / 'card.json'}"
    )
    run("webeid", "install", "--card", "sim:@adult")
    assert settings.load().card == "sim:@adult"
    run("webeid", "install", "--card", "", "--consent", "")
    assert settings.load() == settings.Settings()


# --- allow -------------------------------------------------------------------------------------------


def test_a_page_on_this_computer_is_allowed_and_forbidden_again() -> None:
    outcome = run("webeid", "allow", LOOPBACK)
    assert outcome.code == 0
    assert f"Pages on this computer that may, too: {LOOPBACK}\n" in outcome.out
    assert settings.load().loopback == {LOOPBACK}
    run("webeid", "allow", LOOPBACK, "--remove")
    assert settings.load() == settings.Settings()


def test_signing_is_allowed_apart() -> None:
    run("webeid", "allow", PAGE, "--sign")
    assert settings.load().signing == {PAGE}
    run("webeid", "allow", PAGE, "--sign", "--remove")
    assert settings.load() == settings.Settings()


def test_an_https_page_is_told_that_it_needs_no_permission() -> None:
    outcome = run("webeid", "allow", PAGE)
    assert outcome.code == 2
    assert f"{PAGE} needs no permission" in outcome.complaint


@pytest.mark.parametrize("origin", ["http://portal.example", PAGE + "/", "https://PORTAL.example", "*", "null"])
def test_what_is_not_an_origin_is_not_allowed(origin: str) -> None:
    assert run("webeid", "allow", origin, "--sign").code == 2
    assert settings.load() == settings.Settings()


def test_what_was_not_allowed_cannot_be_taken_back() -> None:
    assert "was not allowed" in run("webeid", "allow", PAGE, "--remove").complaint


def test_damaged_settings_are_not_overwritten() -> None:
    path = settings.settings_file()
    path.parent.mkdir()
    path.write_bytes(b"{")
    for words in (["allow", LOOPBACK], ["install", "--consent", "keypad"]):
        assert run("webeid", *words).code == 8
    assert path.read_bytes() == b"{"


# --- status ------------------------------------------------------------------------------------------


def test_status_says_what_pages_find_and_what_they_may() -> None:
    run("webeid", "install")
    run("webeid", "allow", PAGE, "--sign")
    outcome = run("webeid", "status")
    assert outcome.code == 0
    assert "good: Chromium starts mynacard for Web eID. [browser/ready]" in outcome.out
    assert "as version 2.9.0+mynacard.0-1-0. [browser/greets]" in outcome.out
    assert f"Pages that may ask for signatures: {PAGE}\n" in outcome.out


def test_status_in_json_has_the_findings_and_the_settings() -> None:
    run("webeid", "install")
    run("webeid", "allow", LOOPBACK)
    outcome = run("webeid", "status", "--json")
    assert [finding["code"] for finding in outcome.json["findings"]] == ["browser/ready", "browser/greets"]
    assert {name: outcome.json[name] for name in ("loopback", "signing", "consent", "card")} == {
        "loopback": [LOOPBACK], "signing": [], "consent": "", "card": "",
    }  # fmt: skip


def test_status_with_a_problem_ends_with_72(tmp_path: Path) -> None:
    run("webeid", "install")
    (tmp_path / "venv/bin/mynacard-webeid").unlink()
    assert run("webeid", "status").code == 72


def test_status_without_a_browser_says_so(home: Path) -> None:
    (home / ".config/chromium/Local State").unlink()
    assert run("webeid", "status").out.startswith("There is no browser that mynacard knows.\n")


def test_status_with_damaged_settings_says_that_nothing_is_allowed() -> None:
    path = settings.settings_file()
    path.parent.mkdir()
    path.write_bytes(b"{")
    outcome = run("webeid", "status")
    assert outcome.code == 72
    assert "[browser/settings]" in outcome.out
