"""The settings of the host: what is saved is read again, and a file that says anything else allows nothing."""

from __future__ import annotations

import contextlib
import json
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mynacard.consent.ways import NAMED
from mynacard.errors import SettingsFileError, UsageError
from mynacard.webeid import settings as room
from mynacard.webeid.settings import Settings, load, save, settings_file

PAGE, LOOPBACK = "https://portal.example", "http://127.0.0.1:8765"
FULL = Settings(frozenset({LOOPBACK, "http://[::1]"}), frozenset({PAGE}), "keypad", "sim:a card")

origins = st.sampled_from(["http://localhost", "http://127.0.0.1:8765", "http://[::1]:1"])
values = st.builds(
    Settings,
    st.frozensets(origins),
    st.frozensets(st.sampled_from([PAGE, LOOPBACK, "https://xn--r8jz45g.example:8443"])),
    st.sampled_from(["", *NAMED, f"script:{Path(__file__).absolute()}"]),
    st.text(),
)


@given(values)
def test_what_is_saved_is_what_is_loaded(tmp_path_factory: pytest.TempPathFactory, value: Settings) -> None:
    path = tmp_path_factory.mktemp("settings") / "webeid.json"
    save(value, path)
    assert load(path) == value


def test_without_a_file_nothing_is_allowed(tmp_path: Path) -> None:
    assert load(tmp_path / "none.json") == Settings()


def test_the_file_is_in_the_users_configuration_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(room.platformdirs, "user_config_path", lambda name, appauthor: tmp_path / name)
    save(FULL)
    assert settings_file() == tmp_path / "mynacard" / "webeid.json"
    assert load() == FULL


def test_a_configuration_folder_may_be_a_link_of_its_owner_and_the_file_is_private(tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "mynacard").symlink_to(tmp_path / "elsewhere")
    save(FULL, tmp_path / "mynacard" / "webeid.json")
    assert load(tmp_path / "elsewhere" / "webeid.json") == FULL
    assert sys.platform == "win32" or (tmp_path / "elsewhere" / "webeid.json").stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("answer", [Path("~", ".config", "mynacard"), Path("relative"), RuntimeError("no home")])
def test_a_user_without_a_home_has_no_settings(answer: Path | Exception, monkeypatch: pytest.MonkeyPatch) -> None:
    def config_path(*_: object, **__: object) -> Path:
        if isinstance(answer, Exception):
            raise answer
        return answer

    monkeypatch.setattr(room.platformdirs, "user_config_path", config_path)
    with pytest.raises(SettingsFileError):
        load()


DAMAGED = {
    "empty": b"",
    "not JSON": b"{",
    "not UTF-8": b'{"card": "\xff"}',
    "a list": b"[]",
    "an unknown member": b'{"remember": true}',
    "a member twice": b'{"card": "", "card": ""}',
    "origins that are a text": json.dumps({"signing": PAGE}).encode(),
    "an origin that is a number": b'{"signing": [1]}',
    "an origin with a path": json.dumps({"signing": [PAGE + "/"]}).encode(),
    "http elsewhere": b'{"loopback": ["http://portal.example"]}',
    "https as a page on this computer": json.dumps({"loopback": [PAGE]}).encode(),
    "an unknown way of asking": b'{"consent": "page"}',
    "a script in the browser's folder": b'{"consent": "script:answers.json"}',
    "a card that is null": b'{"card": null}',
    "deep": b'{"card": ' + b"[" * 30_000 + b"]" * 30_000 + b"}",
    "long": b" " * 0x1_0000 + b"{}",
}


@pytest.mark.parametrize("content", DAMAGED.values(), ids=DAMAGED)
def test_a_damaged_file_is_an_error_that_names_it(content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "webeid.json"
    path.write_bytes(content)
    with pytest.raises(SettingsFileError, match=r"webeid\.json is damaged"):
        load(path)


def test_a_file_that_cannot_be_read_is_an_error_that_says_why(tmp_path: Path) -> None:
    with pytest.raises(SettingsFileError, match="cannot be read"):
        load(tmp_path)


@given(st.binary(max_size=200) | st.recursive(st.text() | st.none(), st.lists).map(json.dumps).map(str.encode))
def test_any_content_is_settings_or_the_one_error(tmp_path_factory: pytest.TempPathFactory, content: bytes) -> None:
    path = tmp_path_factory.mktemp("settings") / "webeid.json"
    path.write_bytes(content)
    with contextlib.suppress(SettingsFileError):
        assert isinstance(load(path), Settings)


@pytest.mark.parametrize(
    "value",
    [
        Settings(loopback=frozenset({PAGE})),
        Settings(signing=frozenset({"http://portal.example"})),
        Settings(consent="script:answers.json"),
    ],
)
def test_what_could_not_be_loaded_is_not_saved(value: Settings, tmp_path: Path) -> None:
    with pytest.raises(UsageError):
        save(value, tmp_path / "webeid.json")
    assert list(tmp_path.iterdir()) == []


def test_a_page_on_this_computer_is_allowed_to_log_in_and_with_sign_to_sign() -> None:
    assert Settings().allowing(LOOPBACK) == Settings(loopback=frozenset({LOOPBACK}))
    assert Settings().allowing(LOOPBACK, sign=True) == Settings(frozenset({LOOPBACK}), frozenset({LOOPBACK}))


def test_an_https_page_needs_permission_only_to_sign() -> None:
    assert Settings().allowing(PAGE, sign=True) == Settings(signing=frozenset({PAGE}))
    with pytest.raises(UsageError, match="needs no permission"):
        Settings().allowing(PAGE)


@pytest.mark.parametrize("origin", ["http://portal.example", PAGE + "/", PAGE + ":443", "https://Portal.example", ""])
def test_what_no_browser_writes_is_not_allowed(origin: str) -> None:
    with pytest.raises(UsageError):
        Settings().allowing(origin, sign=True)


def test_forbidding_takes_back_what_was_allowed() -> None:
    both = Settings().allowing(LOOPBACK, sign=True)
    assert both.forbidding(LOOPBACK) == Settings()
    assert both.forbidding(LOOPBACK, sign=True) == Settings().allowing(LOOPBACK)
    with pytest.raises(UsageError, match="was not allowed"):
        both.forbidding(PAGE)
