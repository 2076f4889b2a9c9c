"""Installing: ours never takes another program's place unasked, and uninstalling leaves no trace."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mynacard.errors import BrowserSetupError, UsageError
from mynacard.webeid import installing, manifests
from mynacard.webeid.installing import Target, host_program, install, profile_target, targets, uninstall
from mynacard.webeid.manifests import FileSlot, content_of, family_of
from mynacard.webeid.places import EXTENSIONS, PLACES, Account, Browser, Family
from mynacard.webeid.registry import Hive
from tests.webeid.accounts import FakeRegistry, account, manifest, program, tree

SYSTEMS = sorted(PLACES)
HOST = Path("/opt/mynacard/bin/mynacard-webeid")
OURS = "abcdefghijklmnopabcdefghijklmnop"


def only(user: Account, browser: Browser = Browser.CHROMIUM) -> Target:
    (target,) = targets(user, [browser])
    return target


def slot_folder(user: Account, browser: Browser = Browser.CHROMIUM) -> Path:
    return user.path(PLACES[user.platform][browser].user)


# --- manifests ---------------------------------------------------------------------------------------


def test_a_chromium_manifest_has_the_members_that_chromium_demands() -> None:
    document = json.loads(content_of(HOST, Family.CHROMIUM))
    assert (document["name"], document["type"], document["path"]) == ("eu.webeid", "stdio", str(HOST))
    assert document["allowed_origins"] == [
        "chrome-extension://ncibgoaomkmdpilpocfeponihegamlic/",
        "chrome-extension://gnmckgbandlkacikdndelhfghdejfido/",
    ]
    assert "allowed_extensions" not in document


def test_a_firefox_manifest_has_the_identifier_of_the_add_on() -> None:
    document = json.loads(content_of(HOST, Family.FIREFOX))
    assert document["allowed_extensions"] == ["{e68418bc-f2b0-4459-a9ea-3e72b6751b07}"]
    assert "allowed_origins" not in document


def test_an_extension_of_the_tests_is_let_in_by_the_browsers_that_know_its_form() -> None:
    both = [OURS, "host@mynacard.test", OURS]
    assert json.loads(content_of(HOST, Family.CHROMIUM, both))["allowed_origins"][2:] == [f"chrome-extension://{OURS}/"]
    assert json.loads(content_of(HOST, Family.FIREFOX, both))["allowed_extensions"][1:] == ["host@mynacard.test"]


@pytest.mark.parametrize("text", ["", "*", "abc", OURS + "a", "chrome-extension://" + OURS, "q" * 32, "a@b/", "{}"])
def test_what_is_not_an_identifier_is_refused(text: str) -> None:
    with pytest.raises(UsageError):
        family_of(text)


def test_a_path_that_json_cannot_hold_is_refused() -> None:
    with pytest.raises(BrowserSetupError, match="not in UTF-8"):
        content_of(Path("/opt/\udcff/mynacard-webeid"), Family.CHROMIUM)


@pytest.mark.parametrize(
    ("path", "ours"),
    [
        ("/srv/taro/.venv/bin/mynacard-webeid", True),
        (r"C:\Users\taro\Scripts\mynacard-webeid.exe", True),
        ("mynacard-webeid", True),
        ("/usr/bin/web-eid", False),
        ("/usr/bin/not-mynacard-webeid", False),
        ("/opt/mynacard-webeid/other", False),
        ("", False),
    ],
)
def test_a_manifest_is_ours_by_the_name_of_its_program(path: str, ours: bool) -> None:
    assert manifests.Manifest(path).ours == ours


# --- installing and uninstalling ---------------------------------------------------------------------


@pytest.mark.parametrize("platform", SYSTEMS)
@pytest.mark.parametrize("browser", Browser)
def test_installing_lets_the_browser_start_ours(platform: str, browser: Browser, tmp_path: Path) -> None:
    user = account(tmp_path, platform)
    assert install([only(user, browser)], HOST) == [(only(user, browser), True)]
    file = slot_folder(user, browser) / "eu.webeid.json"
    assert file.read_bytes() == content_of(HOST, browser.family)
    if isinstance(user.registry, FakeRegistry):
        key = PLACES[platform][browser].keys[0]
        assert user.registry.texts == {(Hive.USER, key, ""): str(file)}


@pytest.mark.parametrize("platform", SYSTEMS)
def test_installing_again_changes_nothing(platform: str, tmp_path: Path) -> None:
    user = account(tmp_path, platform)
    install(targets(user, Browser), HOST, extensions=[OURS])
    before = tree(tmp_path)
    assert {changed for _, changed in install(targets(user, Browser), HOST, extensions=[OURS])} == {False}
    assert tree(tmp_path) == before


@pytest.mark.parametrize("platform", SYSTEMS)
def test_a_second_version_of_ours_takes_the_place_of_the_first(platform: str, tmp_path: Path) -> None:
    user = account(tmp_path, platform)
    install([only(user)], Path("/old/venv/bin/mynacard-webeid"))
    assert install([only(user)], HOST) == [(only(user), True)]
    assert json.loads((slot_folder(user) / "eu.webeid.json").read_bytes())["path"] == str(HOST)
    assert uninstall([only(user)]) == [(only(user), True)]
    assert tree(tmp_path) == {}


def test_an_extension_of_the_tests_goes_with_the_next_installation(tmp_path: Path) -> None:
    user = account(tmp_path)
    install([only(user)], HOST, extensions=[OURS])
    install([only(user)], HOST)
    assert (slot_folder(user) / "eu.webeid.json").read_bytes() == content_of(HOST, Family.CHROMIUM)


def test_brave_and_chrome_are_one_target_on_windows(tmp_path: Path) -> None:
    (target,) = targets(account(tmp_path, "win32"), [Browser.CHROME, Browser.BRAVE])
    assert target.label == "Google Chrome, Brave"


def test_a_profile_of_its_own_is_a_target(tmp_path: Path) -> None:
    target = profile_target(account(tmp_path), tmp_path / "profile")
    install([target], HOST, extensions=[OURS])
    assert (tmp_path / "profile/NativeMessagingHosts/eu.webeid.json").exists()
    uninstall([target])
    assert tree(tmp_path) == {}


def test_on_windows_a_profile_is_not_a_target(tmp_path: Path) -> None:
    with pytest.raises(BrowserSetupError, match="the registry counts"):
        profile_target(account(tmp_path, "win32"), tmp_path / "profile")


def test_uninstalling_what_was_not_installed_changes_nothing(tmp_path: Path) -> None:
    user = account(tmp_path)
    other = manifest(slot_folder(user))
    before = tree(tmp_path)
    assert [removed for _, removed in uninstall(targets(user, Browser))] == [False] * len(Browser)
    assert tree(tmp_path) == before
    assert other.exists()


def test_what_other_programs_put_into_a_folder_of_ours_stays_and_our_marks_go(tmp_path: Path) -> None:
    user = account(tmp_path)
    install([only(user)], HOST)
    (slot_folder(user) / "org.example.json").touch()
    uninstall([only(user)])
    assert [path for path, (kind, _) in tree(tmp_path).items() if kind == "file"] == [
        ".config/chromium/NativeMessagingHosts/org.example.json"
    ]


@pytest.mark.parametrize("order", [(Browser.CHROMIUM, Browser.BRAVE), (Browser.BRAVE, Browser.CHROMIUM)])
def test_a_folder_that_was_made_for_two_browsers_goes_with_the_second(
    order: tuple[Browser, Browser], tmp_path: Path
) -> None:
    user = account(tmp_path)
    for browser in Browser:
        install(targets(user, [browser]), HOST)
    uninstall(targets(user, set(Browser) - set(order)))
    for browser in order:
        assert (slot_folder(user, browser) / "eu.webeid.json").exists()
        uninstall(targets(user, [browser]))
    assert tree(tmp_path) == {}


# --- the neighbour -----------------------------------------------------------------------------------


def test_another_programs_manifest_is_not_replaced_unasked_and_the_error_says_whose_it_is(tmp_path: Path) -> None:
    user = account(tmp_path)
    other = manifest(slot_folder(user))
    before = tree(tmp_path)
    with pytest.raises(BrowserSetupError) as refused:
        install([only(user)], HOST)
    assert "/usr/bin/web-eid" in str(refused.value)
    assert str(other) in str(refused.value)
    assert tree(tmp_path) == before


@pytest.mark.parametrize("platform", ["darwin", "linux"])
@pytest.mark.parametrize("browser", Browser)
def test_another_programs_manifest_for_all_users_is_not_shadowed_unasked(
    platform: str, browser: Browser, tmp_path: Path
) -> None:
    user = account(tmp_path, platform)
    for system in PLACES[platform][browser].system:
        other = manifest(user.path(system))
        with pytest.raises(BrowserSetupError, match="already starts another program"):
            install([only(user, browser)], HOST)
        other.unlink()
    install([only(user, browser)], HOST)


def test_for_a_profile_of_its_own_every_chromium_is_a_neighbour(tmp_path: Path) -> None:
    user = account(tmp_path)
    manifest(tmp_path / "etc/opt/edge/native-messaging-hosts")
    with pytest.raises(BrowserSetupError):
        install([profile_target(user, tmp_path / "profile")], HOST)


def test_one_neighbour_stops_all_before_anything_is_written(tmp_path: Path) -> None:
    user = account(tmp_path)
    manifest(slot_folder(user, Browser.FIREFOX))
    before = tree(tmp_path)
    with pytest.raises(BrowserSetupError, match="Firefox"):
        install(targets(user, [Browser.CHROMIUM, Browser.FIREFOX]), HOST)
    assert tree(tmp_path) == before


def test_with_replace_the_neighbours_manifest_is_kept_and_put_back(tmp_path: Path) -> None:
    user = account(tmp_path)
    other = manifest(slot_folder(user))
    before, inode = tree(tmp_path), other.stat().st_ino
    install([only(user)], HOST, replace=True)
    assert FileSlot(slot_folder(user)).read() == manifests.Manifest(
        str(HOST), frozenset(f"chrome-extension://{extension}/" for extension in EXTENSIONS[Family.CHROMIUM])
    )
    assert (slot_folder(user) / "eu.webeid.json.before-mynacard").exists()
    uninstall([only(user)])
    assert tree(tmp_path) == before
    assert other.stat().st_ino == inode, "the file itself, not a copy of it"


def test_once_ours_has_shadowed_another_program_it_may_be_installed_again(tmp_path: Path) -> None:
    user = account(tmp_path)
    manifest(tmp_path / "etc/chromium/native-messaging-hosts")
    install([only(user)], HOST, replace=True)
    assert install([only(user)], HOST) == [(only(user), False)]


def test_a_neighbour_that_came_over_ours_is_left_in_its_place(tmp_path: Path) -> None:
    user = account(tmp_path)
    install([only(user)], HOST)
    other = manifest(slot_folder(user))
    assert uninstall([only(user)]) == [(only(user), False)]
    assert other.exists()


BROKEN: dict[str, Callable[[Path], object]] = {
    "empty": lambda path: path.touch(),
    "not JSON": lambda path: path.write_bytes(b"{"),
    "a list": lambda path: path.write_bytes(b"[1]"),
    "a path that is a number": lambda path: path.write_bytes(b'{"path": 1, "allowed_origins": [1, null]}'),
    "deep": lambda path: path.write_bytes(b"[" * 60_000),
    "not UTF-8": lambda path: path.write_bytes(b'{"path": "\xff"}'),
    "a folder": lambda path: path.mkdir(),
    "a link that leads nowhere": lambda path: path.symlink_to("nowhere"),
    "a link to itself": lambda path: path.symlink_to(path.name),
}


@pytest.mark.parametrize("make", BROKEN.values(), ids=BROKEN)
def test_a_broken_manifest_is_not_ours_and_is_treated_as_a_neighbours(
    make: Callable[[Path], object], tmp_path: Path
) -> None:
    user = account(tmp_path)
    slot_folder(user).mkdir(parents=True)
    make(slot_folder(user) / "eu.webeid.json")
    before = tree(tmp_path)
    with pytest.raises(BrowserSetupError, match="an unreadable manifest"):
        install([only(user)], HOST)
    assert tree(tmp_path) == before
    install([only(user)], HOST, replace=True)
    uninstall([only(user)])
    assert tree(tmp_path) == before


def test_a_link_to_a_neighbours_manifest_is_kept_as_a_link(tmp_path: Path) -> None:
    user = account(tmp_path)
    target = manifest(tmp_path / "dotfiles")
    slot_folder(user).mkdir(parents=True)
    (slot_folder(user) / "eu.webeid.json").symlink_to(target)
    before = tree(tmp_path)
    install([only(user)], HOST, replace=True)
    assert tree(tmp_path / "dotfiles") == {"eu.webeid.json": ("file", target.read_bytes())}
    uninstall([only(user)])
    assert tree(tmp_path) == before


def test_a_folder_that_its_owner_keeps_elsewhere_is_used(tmp_path: Path) -> None:
    user = account(tmp_path)
    (tmp_path / "elsewhere").mkdir()
    slot_folder(user).parent.mkdir(parents=True)
    slot_folder(user).symlink_to(tmp_path / "elsewhere")
    before = tree(tmp_path)
    install([only(user)], HOST)
    assert (tmp_path / "elsewhere/eu.webeid.json").exists()
    uninstall([only(user)])
    assert tree(tmp_path) == before


contents = st.none() | st.binary(max_size=60) | st.just(json.dumps({"path": "/usr/bin/web-eid"}).encode())
names = st.sampled_from(["org.example.json", "eu.webeid.json.old", "README"])


@given(contents, st.dictionaries(names, st.binary(max_size=20)), st.booleans(), st.integers(1, 3))
def test_uninstalling_after_installing_leaves_everything_as_it_was(
    tmp_path_factory: pytest.TempPathFactory, content: bytes | None, others: dict[str, bytes], folder: bool, times: int
) -> None:
    root = tmp_path_factory.mktemp("account")
    user = account(root)
    if folder or others or content is not None:
        slot_folder(user).mkdir(parents=True)
    if content is not None:
        (slot_folder(user) / "eu.webeid.json").write_bytes(content)
    for name, data in others.items():
        (slot_folder(user) / name).write_bytes(data)
    before = tree(root)
    for number in range(times):
        install(targets(user, Browser), Path(f"/venv{number}/bin/mynacard-webeid"), replace=True)
    uninstall(targets(user, Browser))
    assert tree(root) == before
    uninstall(targets(user, Browser))
    assert tree(root) == before


# --- what cannot be written --------------------------------------------------------------------------


@pytest.mark.parametrize("above", [0, 1, 2])
def test_a_file_in_the_place_of_a_folder_is_told_and_nothing_changes(above: int, tmp_path: Path) -> None:
    user = account(tmp_path)
    place = [slot_folder(user), *slot_folder(user).parents][above]
    place.parent.mkdir(parents=True, exist_ok=True)
    place.touch()
    before = tree(tmp_path)
    with pytest.raises(BrowserSetupError, match="cannot be written"):
        install([only(user)], HOST, replace=True)
    assert tree(tmp_path) == before
    uninstall([only(user)])
    assert tree(tmp_path) == before


@pytest.mark.parametrize("neighbour", [True, False])
def test_a_folder_that_refuses_the_manifest_is_as_it_was(
    neighbour: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(path: Path, _: bytes) -> None:
        raise OSError(28, "No space left on device", os.fspath(path))

    user = account(tmp_path)
    if neighbour:
        manifest(slot_folder(user))
    before = tree(tmp_path)
    monkeypatch.setattr(manifests, "replace_file", full)
    with pytest.raises(BrowserSetupError, match=r"eu\.webeid\.json cannot be written \(No space left on device\)"):
        install([only(user)], HOST, replace=True)
    assert tree(tmp_path) == before


# --- Windows, with a registry of the tests -----------------------------------------------------------


EDGE, CHROME = (PLACES["win32"][browser].keys[0] for browser in (Browser.EDGE, Browser.CHROME))


@pytest.mark.parametrize(
    ("browser", "hive", "key"),
    [
        (Browser.EDGE, Hive.USER, EDGE),
        (Browser.EDGE, Hive.MACHINE, EDGE),
        (Browser.EDGE, Hive.USER, CHROME),
        (Browser.EDGE, Hive.MACHINE, CHROME),
        (Browser.CHROME, Hive.MACHINE, CHROME),
        (Browser.CHROME, Hive.MACHINE, EDGE),  # Edge reads this user's Chrome key before it
    ],
)
def test_no_key_that_a_browser_reads_is_shadowed_unasked(
    browser: Browser, hive: Hive, key: str, tmp_path: Path
) -> None:
    user = account(tmp_path, "win32")
    assert isinstance(user.registry, FakeRegistry)
    user.registry.texts[hive, key, ""] = str(manifest(tmp_path / "Program Files/Web eID"))
    with pytest.raises(BrowserSetupError, match="/usr/bin/web-eid"):
        install([only(user, browser)], HOST)
    assert len(user.registry.texts) == 1


@pytest.mark.parametrize("browser", Browser)
def test_a_value_in_the_registry_is_kept_and_put_back(browser: Browser, tmp_path: Path) -> None:
    user = account(tmp_path, "win32")
    assert isinstance(user.registry, FakeRegistry)
    key = PLACES["win32"][browser].keys[0]
    user.registry.texts[Hive.USER, key, ""] = str(manifest(tmp_path / "Program Files/Web eID"))
    before, files = dict(user.registry.texts), tree(tmp_path)
    install([only(user, browser)], HOST, replace=True)
    install([only(user, browser)], Path("/moved/mynacard-webeid"))
    uninstall([only(user, browser)])
    assert user.registry.texts == before
    assert tree(tmp_path) == files


def test_a_registry_that_refuses_leaves_no_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise PermissionError(13, "Access is denied")

    user = account(tmp_path, "win32")
    monkeypatch.setattr(user.registry, "put", refuse)
    with pytest.raises(BrowserSetupError, match="HKEY_CURRENT_USER.*Access is denied"):
        install([only(user)], HOST)
    assert tree(tmp_path) == {}


# --- our program -------------------------------------------------------------------------------------


def test_our_program_is_the_one_beside_the_python_that_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    name = "mynacard-webeid.exe" if sys.platform == "win32" else "mynacard-webeid"
    monkeypatch.setattr(installing.sys, "executable", str(tmp_path / "python"))
    monkeypatch.setattr(installing.sysconfig, "get_path", lambda _: str(tmp_path / "scripts"))
    beside = tmp_path / name
    with pytest.raises(BrowserSetupError, match="missing or cannot be started"):
        host_program()
    scripts = program(tmp_path / "scripts" / name)
    assert host_program() == scripts
    assert host_program() == scripts.absolute()
    program(beside)
    assert host_program() == beside


def test_a_program_that_may_not_be_started_is_not_installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(installing.sys, "executable", str(tmp_path / "python"))
    monkeypatch.setattr(installing.sysconfig, "get_path", lambda _: str(tmp_path))
    for name in ("mynacard-webeid", "mynacard-webeid.exe"):
        program(tmp_path / name)
    monkeypatch.setattr(installing.os, "access", lambda *_: False)
    with pytest.raises(BrowserSetupError):
        host_program()
